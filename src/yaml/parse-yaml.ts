/**
 * Text → parsed documents with their places. Knows YAML (and so JSON), nothing of resources. https://yaml.org/spec/1.2.2/
 * The text is cut at its `---` lines first, so that a document that did not change need not be parsed again.
 */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair } from 'yaml';
import { type FieldPath, shortMessage } from '../api/problem.js';
import { type ComposeLimits, composeDocuments, type SyntaxError, tooDeep } from './compose-yaml.js';

/** Limits for text that we did not write. */
export interface ParseLimits extends ComposeLimits {
  /** Bytes (UTF-16 units, to be exact) of one document. @default 4 MiB */
  readonly maxDocumentSize: number;
  /** How often aliases may be expanded in one document. @default 100 */
  readonly maxAliases: number;
  /** Characters of one document with its aliases expanded, a few for each value. @default 16 Mi */
  readonly maxExpandedSize: number;
}

export const DEFAULT_LIMITS: ParseLimits = {
  maxDocumentSize: 4 << 20,
  maxDepth: 64,
  maxTokens: 2.5 * 2 ** 20,
  maxDocuments: 1_000,
  maxAliases: 100,
  maxExpandedSize: 16 << 20,
};

/** Mistakes of one document that are told; one slip can make thousands. */
const MAX_ERRORS = 20;
/** What a value counts for beside its characters. */
const VALUE_SIZE = 4;

/** A place relative to the first line of the part, both from 0. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A stretch of a file between two `---` lines. */
export interface Part {
  readonly text: string;
  /** Lines of the file before this part. */
  readonly line: number;
}

export interface SyntaxProblem extends Place {
  readonly message: string;
}

export interface ParsedDocument {
  readonly value: unknown;
  readonly errors: readonly SyntaxProblem[];
  /** Where the document begins (its first key). */
  readonly start: Place;
  /** Where a field stands; for a field that is not there, its nearest parent. */
  locate(path: FieldPath): Place;
}

/** Cuts a text at `---` lines. YAML allows such a line only between documents, also inside block scalars. */
export function splitParts(text: string): Part[] {
  const parts: Part[] = [];
  const lines = text.split('\n');
  let first = 0;
  const cut = (end: number): void => {
    const part = lines.slice(first, end).join('\n');
    if (lines.slice(first, end).some((line) => /^\s*[^\s#%-]|^\s*-./.test(line) && !/^---\s*(#.*)?$/.test(line)))
      parts.push({ text: part, line: first });
    first = end;
  };
  for (let index = 1; index < lines.length; index++) if (/^---(\s|$)/.test(lines[index]!)) cut(index);
  cut(lines.length);
  return parts;
}

/** Parses one part: one document, or several when they are separated by `...`. Never throws. */
export function parsePart(text: string, limits: ParseLimits = DEFAULT_LIMITS): ParsedDocument[] {
  if (text.length > limits.maxDocumentSize) {
    return [broken(`the document has ${text.length} bytes; at most ${limits.maxDocumentSize} are read`)];
  }
  const lineCounter = new LineCounter();
  try {
    const { documents, uncounted, stopped } = composeDocuments(text, lineCounter, limits);
    const place = placeIn(lineCounter);
    // Only one that has many is short of some.
    const short = documents.findLast(({ errors }) => errors.length > MAX_ERRORS);
    const parsed = documents.map((document) => describe(document, place, limits, document === short ? uncounted : 0));
    if (stopped !== undefined) {
      const start = place(stopped.start);
      const { at, message } = stopped.why;
      const errors = [...firstErrors(stopped.errors, place), { ...place(at), message: shortMessage(message) }];
      parsed.push({ value: null, errors, start, locate: () => start });
    }
    return parsed.filter((one) => one.errors.length > 0 || one.value !== null);
  } catch (error) {
    return [broken(error instanceof RangeError ? 'the document is nested too deeply' : messageOf(error))];
  }
}

const messageOf = (error: unknown): string => shortMessage(error instanceof Error ? error.message : String(error));
const origin: Place = { line: 0, column: 0 };
const broken = (message: string): ParsedDocument => ({ value: null, errors: [{ ...origin, message }], start: origin, locate: () => origin });

const placeIn =
  (lineCounter: LineCounter) =>
  (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(0, line - 1), column: Math.max(0, col - 1) };
  };

/** The first mistakes, and one for the rest of them. */
function firstErrors(found: readonly SyntaxError[], place: (offset: number) => Place, uncounted = 0): SyntaxProblem[] {
  const told = found.slice(0, MAX_ERRORS).map(({ at, message }) => ({ ...place(at), message: message.slice(0, 500) }));
  if (found.length <= MAX_ERRORS) return told;
  const more = found.length - MAX_ERRORS + uncounted;
  return [...told, { ...place(found[MAX_ERRORS]!.at), message: `and ${more} more mistakes from here on` }];
}

function describe(document: Document.Parsed, place: (offset: number) => Place, limits: ParseLimits, uncounted: number): ParsedDocument {
  const start = place(document.contents?.range?.[0] ?? document.range[0]);
  const found = [...document.errors.map(({ pos, message }) => ({ at: pos[0], message })), ...unfit(document, limits)];
  const errors = firstErrors(found, place, uncounted);
  let value: unknown = null;
  if (errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: limits.maxAliases });
      measure(value, limits);
    } catch (error) {
      value = null;
      errors.push({ ...start, message: messageOf(error) });
    }
  }
  return { value, errors, start, locate: (path) => place(offsetOf(document, path)) };
}

/**
 * What the grammar allows and a resource never has, looked for before anything is made of the nodes: keys that are no texts (the parser would
 * write a nested key out again at each level), great depth, and keys that stand twice (its own check compares each key with each other).
 */
function unfit(document: Document.Parsed, { maxDepth }: ParseLimits): SyntaxError[] {
  const found: SyntaxError[] = [];
  const twice: SyntaxError[] = [];
  /** False at the end of all: what lies deeper is not looked at. */
  const walk = (node: unknown, levels: number): boolean => {
    const map = isMap(node);
    if (!map && !isSeq(node)) return true;
    if (levels === 0) {
      found.push({ at: node.range?.[0] ?? 0, message: tooDeep(maxDepth) });
      return false;
    }
    if (!map) return node.items.every((item) => (isPair(item) ? walkPair(item, levels) : walk(item, levels - 1)));
    const seen = new Set<unknown>();
    return node.items.every((pair) => {
      const { key } = pair;
      if (isScalar(key)) {
        if (seen.has(key.value)) twice.push({ at: key.range?.[0] ?? 0, message: 'Map keys must be unique' });
        seen.add(key.value);
      }
      return walkPair(pair, levels);
    });
  };
  const walkPair = ({ key, value }: Pair, levels: number): boolean => {
    if (isScalar(key) || key === null) return walk(value, levels - 1);
    found.push({ at: (key as Node).range?.[0] ?? 0, message: 'a key must be a text, not a mapping, a list or an alias' });
    return true;
  };
  walk(document.contents, maxDepth);
  return found.length > 0 ? found : twice;
}

/** Throws for what is nested too deeply or, with its aliases written out, too large. Stops where the limit is. */
function measure(root: unknown, { maxDepth, maxExpandedSize }: ParseLimits): void {
  let left = maxExpandedSize;
  const take = (size: number): void => {
    left -= size;
    if (left < 0) throw new Error(`the document is larger than ${maxExpandedSize} characters once its aliases are written out`);
  };
  const walk = (value: unknown, levels: number): void => {
    take(VALUE_SIZE + (typeof value === 'string' ? value.length : 0));
    if (typeof value !== 'object' || value === null) return;
    if (levels === 0) throw new Error(tooDeep(maxDepth));
    if (Array.isArray(value)) for (const child of value) walk(child, levels - 1);
    else
      for (const [key, child] of Object.entries(value)) {
        take(key.length);
        walk(child, levels - 1);
      }
  };
  walk(root, maxDepth);
}

function offsetOf(document: Document.Parsed, path: FieldPath): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (item === undefined) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
