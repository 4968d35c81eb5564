/**
 * The syntax of CEL, as far as expressions over a request need it: no macros over lists, no messages, no bytes. Nothing is evaluated: it says whether
 * a text is an expression, and what it reads and calls. https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */

export interface CelSyntax {
  /** Identifiers that stand at the begin of a path. */
  readonly roots: readonly string[];
  /** Functions as `name/arguments`, methods as `.name/arguments`. */
  readonly functions: readonly string[];
  /** Set when all of it is one text. */
  readonly literal?: string;
}

const TOKEN =
  /\s*(?:(?<name>[A-Za-z_]\w*)|(?<number>\d{1,15}(?:\.\d{1,15}|u)?)|(?<text>"[^"\\]*"|'[^'\\]*')|(?<sign>&&|\|\||[=!<>]=|[-!<>+*/?:.,()[\]]))/y;
/** Between two operands, whatever binds tighter: for the question whether it is an expression precedence does not matter. */
const BETWEEN: ReadonlySet<string> = new Set(['&&', '||', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/']);
const MAX_DEPTH = 16;
const MAX_LENGTH = 1000;

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign';
  readonly text: string;
}

class NotCel extends Error {}

/** undefined for a text that is no expression. Texts with escapes are not read: nobody could say what all Envoys make of them. */
export function parseCel(text: string): CelSyntax | undefined {
  const tokens = text.length > MAX_LENGTH ? undefined : tokenize(text);
  if (tokens === undefined) return undefined;
  const [first] = tokens;
  if (first?.kind === 'text' && tokens.length === 1) return { roots: [], functions: [], literal: first.text.slice(1, -1) };
  const parser = new Parser(tokens);
  try {
    parser.expression(0);
    return parser.isAtEnd() ? { roots: parser.roots, functions: parser.functions } : undefined;
  } catch (error) {
    if (error instanceof NotCel) return undefined;
    throw error;
  }
}

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const groups = TOKEN.exec(text)?.groups;
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (found === undefined) return undefined;
    tokens.push({ kind: found[0] as Token['kind'], text: found[1] });
  }
  return tokens;
}

class Parser {
  readonly roots: string[] = [];
  readonly functions: string[] = [];
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  isAtEnd(): boolean {
    return this.#at === this.tokens.length;
  }

  expression(depth: number): void {
    if (depth > MAX_DEPTH) throw new NotCel();
    this.#operands(depth);
    if (!this.#takes('?')) return;
    this.#operands(depth + 1);
    this.#expect(':');
    this.expression(depth + 1);
  }

  #operands(depth: number): void {
    this.#operand(depth);
    while (BETWEEN.has(this.#peek())) {
      this.#at++;
      this.#operand(depth);
    }
  }

  #operand(depth: number): void {
    if (this.#takes('!')) while (this.#takes('!'));
    else while (this.#takes('-'));
    this.#primary(depth);
    for (;;) {
      if (this.#takes('.')) {
        const name = this.#next();
        if (name.kind !== 'name') throw new NotCel();
        if (this.#takes('(')) this.#call(`.${name.text}`, depth);
      } else if (this.#takes('[')) {
        this.expression(depth + 1);
        this.#expect(']');
      } else return;
    }
  }

  #primary(depth: number): void {
    const { kind, text } = this.#next();
    if (kind === 'number' || kind === 'text') return;
    if (kind === 'name' && text !== 'in') {
      if (this.#takes('(')) this.#call(text, depth);
      else this.roots.push(text);
      return;
    }
    if (text === '[') {
      this.#list(']', depth);
      return;
    }
    if (text !== '(') throw new NotCel();
    this.expression(depth + 1);
    this.#expect(')');
  }

  #call(name: string, depth: number): void {
    this.functions.push(`${name}/${this.#list(')', depth)}`);
  }

  /** How many there are. */
  #list(end: string, depth: number): number {
    if (this.#takes(end)) return 0;
    let count = 0;
    do {
      this.expression(depth + 1);
      count++;
    } while (this.#takes(','));
    this.#expect(end);
    return count;
  }

  #peek(): string {
    const token = this.tokens[this.#at];
    return token === undefined || token.kind === 'text' ? '' : token.text;
  }

  #next(): Token {
    const token = this.tokens[this.#at++];
    if (token === undefined) throw new NotCel();
    return token;
  }

  #takes(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw new NotCel();
  }
}
