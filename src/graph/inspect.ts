/**
 * Looking into the graph: which rows made a value, through which reads, and which queries read which collections. Only the recorded
 * reads are walked; nothing here is recorded or computed.
 */
import { Memo } from './memo.js';
import { Cell } from './node.js';
import type { ExplainedRead, Explanation, Origin } from './types.js';

/** The rows reached through the recorded reads of an up-to-date memo, once each, ordered by collection and key. */
export function originsOf(root: Memo): readonly Origin[] {
  const seen = new Set<unknown>([root]);
  const stack: Memo[] = [root];
  const found = new Map<string, Map<string, Origin>>();
  for (let memo = stack.pop(); memo !== undefined; memo = stack.pop()) {
    for (const dep of memo.deps) {
      if (seen.has(dep)) continue;
      seen.add(dep);
      if (dep instanceof Memo) stack.push(dep);
      else if (dep instanceof Cell) {
        const { collection } = dep.place();
        let rows = found.get(collection);
        if (rows === undefined) found.set(collection, (rows = new Map()));
        for (const origin of dep.origins()) rows.set(origin.key, origin);
      }
    }
  }
  return [...found].sort(byKey).flatMap(([, rows]) => [...rows].sort(byKey).map(([, origin]) => origin));
}

/**
 * For each object that some value below an up-to-date memo is, or lists, the memo that made it: the deepest one that has it.
 * A list that passes on what other queries made is not its maker.
 */
export function makersBelow(root: Memo): ReadonlyMap<object, Memo> {
  const makers = new Map<object, Memo>();
  const note = (value: unknown, memo: Memo): void => {
    if (typeof value === 'object' && value !== null && !makers.has(value)) makers.set(value, memo);
  };
  const seen = new Set<Memo>([root]);
  const stack: { memo: Memo; next: number }[] = [{ memo: root, next: 0 }];
  for (let top = stack[0]; top !== undefined; top = stack[stack.length - 1]) {
    const dep = top.memo.deps[top.next++];
    if (dep instanceof Memo && !seen.has(dep)) {
      seen.add(dep);
      stack.push({ memo: dep, next: 0 });
    } else if (dep === undefined) {
      stack.pop();
      note(top.memo.value, top.memo);
      if (Array.isArray(top.memo.value)) for (const item of top.memo.value) note(item, top.memo);
    }
  }
  return makers;
}

/** The recorded reads of an up-to-date memo as a tree. A value that is reached twice is opened the first time only. */
export function explain(memo: Memo, seen = new Set<Memo>()): Explanation {
  const repeated = seen.has(memo);
  seen.add(memo);
  const deps: (Explanation | ExplainedRead)[] = [];
  for (const dep of repeated ? [] : memo.deps) {
    if (dep instanceof Memo) deps.push(explain(dep, seen));
    else if (dep instanceof Cell) deps.push({ ...dep.place(), rows: dep.origins().filter((origin) => origin.row !== undefined).length });
  }
  return { query: memo.recipe.name, key: memo.key, failed: memo.failed, repeated, deps };
}

/** The graph of queries and collections as Mermaid text: an arrow from what is read to who reads it, as far as reads were recorded. */
export function mermaid(collections: readonly string[], queries: readonly { name: string; memos: ReadonlyMap<string, Memo> }[]): string {
  const id = new Map([...collections.map((name) => `c:${name}`), ...queries.map(({ name }) => `q:${name}`)].map((node, i) => [node, `n${i}`]));
  const arrows = new Set<string>();
  for (const { name, memos } of queries) {
    const to = id.get(`q:${name}`);
    for (const memo of memos.values()) {
      for (const dep of memo.deps) {
        if (dep instanceof Memo) arrows.add(`  ${id.get(`q:${dep.recipe.name}`)} --> ${to}`);
        else if (dep instanceof Cell) {
          const { collection, index, key } = dep.place();
          const label = index ?? (key === '*' ? 'all rows' : undefined);
          arrows.add(`  ${id.get(`c:${collection}`)} ${label === undefined ? '-->' : `-->|${text(label)}|`} ${to}`);
        }
      }
    }
  }
  return [
    'flowchart LR',
    ...collections.map((name) => `  ${id.get(`c:${name}`)}[(${text(name)})]`),
    ...queries.map(({ name }) => `  ${id.get(`q:${name}`)}(${text(name)})`),
    ...[...arrows].sort(),
    '',
  ].join('\n');
}

const text = (label: string): string => `"${label.replaceAll('"', '#quot;')}"`;
const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
