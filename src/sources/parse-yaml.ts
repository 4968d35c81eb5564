/**
 * Text → parsed documents with their places. Knows YAML (and so JSON), nothing of resources. https://yaml.org/spec/1.2.2/
 * The text is cut at its `---` lines first, so that a document that did not change need not be parsed again.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { FieldPath } from '../api/problem.js';

/** Limits for text that we did not write. */
export interface ParseLimits {
  /** Bytes (UTF-16 units, to be exact) of one document. @default 4 MiB */
  readonly maxDocumentSize: number;
  /** Levels of nesting. @default 64 */
  readonly maxDepth: number;
  /** How often aliases may be expanded in one document. @default 100 */
  readonly maxAliases: number;
}

export const DEFAULT_LIMITS: ParseLimits = { maxDocumentSize: 4 * 1024 * 1024, maxDepth: 64, maxAliases: 100 };

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
    const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true, uniqueKeys: true });
    if (!Array.isArray(documents)) return [];
    return documents.map((document) => describe(document, lineCounter, limits)).filter((one) => one.errors.length > 0 || one.value !== null);
  } catch (error) {
    return [broken(error instanceof RangeError ? 'the document is nested too deeply' : messageOf(error))];
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const origin: Place = { line: 0, column: 0 };
const broken = (message: string): ParsedDocument => ({ value: null, errors: [{ ...origin, message }], start: origin, locate: () => origin });

function describe(document: Document.Parsed, lineCounter: LineCounter, limits: ParseLimits): ParsedDocument {
  const place = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(0, line - 1), column: Math.max(0, col - 1) };
  };
  const start = place(document.contents?.range?.[0] ?? document.range[0]);
  const errors: SyntaxProblem[] = document.errors.map((error) => ({ ...place(error.pos[0]), message: error.message }));
  let value: unknown = null;
  if (errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: limits.maxAliases });
      if (deeperThan(value, limits.maxDepth)) throw new Error(`the document is nested deeper than ${limits.maxDepth} levels`);
    } catch (error) {
      value = null;
      errors.push({ ...start, message: messageOf(error) });
    }
  }
  return { value, errors, start, locate: (path) => place(offsetOf(document, path)) };
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((child) => deeperThan(child, levels - 1));
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
