/**
 * Expressions of users that Envoy evaluates: whether it can parse a text, and whether it has what the text calls. With one that it can't take it
 * refuses the whole listener. Which attributes there are it looks up with each request, so names are not checked.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
import { createRequire } from 'node:module';
import type { parse as parseCel } from '@bufbuild/cel';
import { readLiterals } from './cel-literals.js';

export interface CelProblem {
  /** `syntax`: no expression at all. `unknown`: one that no Envoy evaluates. */
  readonly kind: 'syntax' | 'unknown';
  /** A predicate: what stands before it is the field. */
  readonly message: string;
}

/** Longer than any that a person wrote: parsing takes longer than its length grows. */
const MAX_LENGTH = 10_000;
/** Calls that are macros: with other arguments they are no expressions. Parsing puts something else in the place of each that is one. */
const MACROS: ReadonlySet<string> = new Set(['has/1', '.all/2', '.exists/2', '.exists_one/2', '.map/2', '.map/3', '.filter/2']);
/** What Envoy has (tried with 1.40), operators aside: functions as `name/arguments`, methods as `.name/arguments`. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  [
    'size/1 .size/0 int/1 uint/1 double/1 bytes/1 bool/1 dyn/1 type/1 timestamp/1 duration/1',
    'contains/2 .contains/1 startsWith/2 .startsWith/1 endsWith/2 .endsWith/1 matches/2 .matches/1',
    '.getFullYear/0 .getMonth/0 .getDate/0 .getDayOfMonth/0 .getDayOfWeek/0 .getDayOfYear/0 .getHours/0 .getMinutes/0 .getSeconds/0',
    '.getFullYear/1 .getMonth/1 .getDate/1 .getDayOfMonth/1 .getDayOfWeek/1 .getDayOfYear/1 .getHours/1 .getMinutes/1 .getSeconds/1',
    '.getMilliseconds/0 .getMilliseconds/1 .extract/3 .capture/2 .captureN/2',
  ].flatMap((line) => line.split(' ')),
);
const LARGEST: Readonly<Record<string, bigint>> = { int64Value: 2n ** 63n - 1n, uint64Value: 2n ** 64n - 1n };

type Parse = typeof parseCel;
let parser: Parse | undefined;

/** Loaded with the first expression: it takes a tenth of a second, and few meshes have any. */
function parse(text: string): ReturnType<Parse> {
  parser ??= (createRequire(import.meta.url)('@bufbuild/cel') as { parse: Parse }).parse;
  return parser(text);
}

const known = new Map<string, boolean>();
const MAX_KNOWN = 1000;

/** Whether Envoy takes the text. Answers are kept: many proxies ask about few expressions. */
export function isCelForEnvoy(text: string): boolean {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= MAX_KNOWN) known.clear();
  const isFine = celProblem(text) === undefined;
  known.set(text, isFine);
  return isFine;
}

/** What is wrong with the text; undefined for an expression that Envoy takes. */
export function celProblem(text: string): CelProblem | undefined {
  const syntax = (message: string): CelProblem => ({ kind: 'syntax', message });
  if (text.trim() === '') return syntax('must not be empty');
  if (text.length > MAX_LENGTH) return syntax(`is longer than ${MAX_LENGTH} characters`);
  const { plain, badEscape } = readLiterals(text);
  if (badEscape !== undefined) return syntax(`is no CEL expression: no such escape in ${place(text, badEscape)}`);
  try {
    return problemIn(parse(plain).expr);
  } catch (error) {
    // It tells where what it understood ends. Without a place it is too deep.
    const [, line, column] = /^<input>:(\d+):(\d+)/.exec((error as Error).message) ?? [];
    if (line === undefined) return syntax('is no CEL expression, or too deep a one');
    const start = text.split('\n', Number(line) - 1).reduce((sum, one) => sum + one.length + 1, 0);
    return syntax(`is no CEL expression: not understood from ${place(text, start + Number(column) - 1)}`);
  }
}

/** `line 1, column 15 ("> 400")`, with what is written there in up to twenty characters. */
function place(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  const rest = text.slice(at, at + 20);
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1} (${rest === '' ? 'the end' : JSON.stringify(rest)})`;
}

/** Walks the parsed expression; what is worst is told first. */
function problemIn(root: unknown): CelProblem | undefined {
  let unknown: CelProblem | undefined;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    const found = problemAt(node as CelNode);
    if (found?.kind === 'syntax') return found;
    unknown ??= found;
    open.push(...Object.values(node));
  }
  return unknown;
}

interface CelNode {
  readonly $typeName?: string;
  readonly function?: string;
  readonly args?: readonly unknown[];
  readonly target?: unknown;
  readonly messageName?: string;
  readonly case?: string;
  readonly value?: unknown;
}

function problemAt(node: CelNode): CelProblem | undefined {
  const largest = LARGEST[node.case ?? ''];
  if (largest !== undefined && (node.value as bigint) > largest)
    return { kind: 'syntax', message: `is no CEL expression: ${String(node.value)} is too large a number` };
  if (node.$typeName === 'cel.expr.Expr.Comprehension')
    return { kind: 'unknown', message: 'walks over a list or map (all, exists, map, filter), which Envoy does not' };
  if (node.$typeName === 'cel.expr.Expr.CreateStruct' && node.messageName && !node.messageName.startsWith('google.protobuf.'))
    return { kind: 'unknown', message: `makes a ${node.messageName}, which Envoy does not` };
  const { function: name = '', args = [], target } = node;
  // Operators have names like `_&&_`, `!_` and `@in`.
  if (node.$typeName !== 'cel.expr.Expr.Call' || !/^[A-Za-z]\w*$/.test(name)) return undefined;
  const call = `${target === undefined ? '' : '.'}${name}/${args.length}`;
  if (MACROS.has(call)) return { kind: 'syntax', message: `is no CEL expression: ${name}() does not take these arguments` };
  return FUNCTIONS.has(call) ? undefined : { kind: 'unknown', message: `calls ${name}() with ${args.length} arguments, which Envoy does not have` };
}
