/**
 * Text → YAML documents, token by token, so that a text that was made to cost much is given up where its limit is and not after all of it.
 * https://eemeli.org/yaml/#working-with-cst-parser
 */
import { Composer, type Document, Lexer, type LineCounter, Parser } from 'yaml';

/** Limits for the grammar of one text. */
export interface ComposeLimits {
  /** Levels of nesting. @default 64 */
  readonly maxDepth: number;
  /** Lexical tokens: spaces, line ends and indicators count as one each, a scalar as two. @default 2.5 Mi */
  readonly maxTokens: number;
  /** Documents without a `---` line between them. @default 1000 */
  readonly maxDocuments: number;
}

export interface SyntaxError {
  readonly at: number;
  readonly message: string;
}

export interface Composed {
  readonly documents: readonly Document.Parsed[];
  /** Mistakes that were counted beside those of the documents; a document with such ones has many others. */
  readonly uncounted: number;
  /** What was not read to its end, and why. */
  readonly stopped?: { readonly start: number; readonly errors: readonly SyntaxError[]; readonly why: SyntaxError };
}

/** What of the composer is not public: it makes an object of each mistake, of which a text may have as many as characters. */
interface Mistakes {
  errors: { readonly pos: readonly [number, number]; readonly message: string }[];
  onError: (source: unknown, code: string, message: string, warning?: boolean) => void;
}

/** Mistakes of grammar that are kept of one document, and that are counted of one text before it is given up. */
const MAX_KEPT = 30;
const MAX_COUNTED = 10_000;

const options = { prettyErrors: false, merge: true, uniqueKeys: false };

class Stopped extends Error {
  constructor(
    message: string,
    readonly at?: number,
  ) {
    super(message);
  }
}

/** Throws only what the parser throws. Errors of grammar are made without their stack traces, which would cost more than all the rest. */
export function composeDocuments(text: string, lineCounter: LineCounter, limits: ComposeLimits): Composed {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return compose(text, lineCounter, limits);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function compose(text: string, lineCounter: LineCounter, { maxDepth, maxTokens, maxDocuments }: ComposeLimits): Composed {
  const documents: Document.Parsed[] = [];
  const parser = new Parser(lineCounter.addNewLine);
  const composer = new Composer(options);
  let counted = 0;
  let uncounted = 0;
  const count = (): void => {
    if (++counted > MAX_COUNTED) throw new Stopped(`more than ${MAX_COUNTED} mistakes; the rest of the text was not read`);
  };
  const mistakes = composer as unknown as Mistakes;
  const keep = mistakes.onError;
  mistakes.onError = (source, code, message, warning) => {
    if (warning === true) return;
    count();
    if (mistakes.errors.length < MAX_KEPT) keep(source, code, message);
    else uncounted++;
  };
  const take = (tokens: ReturnType<Parser['next']>): void => {
    for (const token of tokens) {
      if (token.type === 'error') count();
      for (const document of composer.next(token)) documents.push(document);
      if (documents.length > maxDocuments) throw new Stopped(`more than ${maxDocuments} documents without a '---' line between them`);
    }
  };
  lineCounter.addNewLine(0);
  try {
    let tokens = 0;
    for (const lexeme of new Lexer().lex(text)) {
      if (++tokens > maxTokens) throw new Stopped(`the document has more than ${maxTokens} tokens`);
      take(parser.next(lexeme));
      // Below the collections lies the document, and on them may lie a scalar.
      if (parser.stack.length > maxDepth + 1) checkDepth(parser, maxDepth);
    }
    take(parser.end());
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    const why = { at: error.at ?? parser.offset, message: error.message };
    const errors = mistakes.errors.splice(0).map(({ pos, message }) => ({ at: pos[0], message }));
    const start = (parser.stack[1] ?? parser.stack[0])?.offset ?? errors[0]?.at ?? why.at;
    return { documents: [...documents, ...composer.end()], uncounted, stopped: { start, errors, why } };
  }
  return { documents: [...documents, ...composer.end()], uncounted };
}

function checkDepth({ stack }: Parser, maxDepth: number): void {
  const deepest = stack.filter(({ type }) => type === 'flow-collection' || type === 'block-map' || type === 'block-seq')[maxDepth];
  if (deepest !== undefined) throw new Stopped(tooDeep(maxDepth), deepest.offset);
}

export const tooDeep = (levels: number): string => `the document is nested deeper than ${levels} levels`;
