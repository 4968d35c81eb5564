/** Why a value is what it is: origins, explanation, Mermaid, counters. */
import { expect, test } from '@jest/globals';
import { Graph } from './graph.js';

interface Row {
  readonly id: string;
  readonly ns: string;
}

function world() {
  const graph = new Graph();
  const services = graph.collection<Row>('services', (r) => r.id);
  const rules = graph.collection<Row>('rules', (r) => r.id);
  const byNs = services.index('byNamespace', (r) => [r.ns]);
  const rule = graph.query('rule', (id: string) => rules.get(id)?.ns);
  const cluster = graph.query('cluster', (id: string) => `${services.get(id)?.ns}/${rule.get('r')}`);
  const clusters = graph.query('clusters', (ns: string) => [...byNs.get(ns).keys()].map((id) => cluster.get(id)));
  const all = graph.query('all', () => rules.list().size);
  const [b, a, other] = [
    { id: 'b', ns: 'n' },
    { id: 'a', ns: 'n' },
    { id: 'c', ns: 'm' },
  ] as const;
  graph.transaction(() => [b, a, other].forEach((r) => services.set(r)));
  return { graph, services, rules, clusters, cluster, all, a, b };
}

test('origins are the rows reached through the recorded reads, once each, in order', () => {
  const { graph, clusters, all, rules, a, b } = world();
  expect(graph.origins(clusters, 'n')).toEqual([
    { collection: 'rules', key: 'r', row: undefined },
    { collection: 'services', key: 'a', row: a },
    { collection: 'services', key: 'b', row: b },
  ]);
  expect(graph.origins(clusters, 'nobody')).toEqual([]);
  expect(graph.origins(all, '')).toEqual([]);
  const watch = graph.watch(all, '', () => {});
  const r = { id: 'r', ns: 'n' };
  graph.transaction(() => rules.set(r));
  expect(watch.origins()).toEqual([{ collection: 'rules', key: 'r', row: r }]);
});

test('origins of a failed value are what it read before it threw', () => {
  const { graph, services, a } = world();
  const bad = graph.query('bad', (id: string) => {
    services.get(id);
    throw new Error('bad');
  });
  expect(graph.origins(bad, 'a')).toEqual([{ collection: 'services', key: 'a', row: a }]);
  expect(graph.explain(bad, 'a').failed).toBe(true);
});

test('explain shows the tree of reads, a value that is reached twice once', () => {
  const { graph, clusters } = world();
  const rule = { query: 'rule', key: 'r', failed: false, repeated: false, deps: [{ collection: 'rules', key: 'r', rows: 0 }] };
  const cluster = (key: string) => ({ query: 'cluster', key, failed: false, repeated: false });
  expect(graph.explain(clusters, 'n')).toEqual({
    query: 'clusters',
    key: 'n',
    failed: false,
    repeated: false,
    deps: [
      { collection: 'services', index: 'byNamespace', key: 'n', rows: 2 },
      { ...cluster('a'), deps: [{ collection: 'services', key: 'a', rows: 1 }, rule] },
      {
        ...cluster('b'),
        deps: [
          { collection: 'services', key: 'b', rows: 1 },
          { ...rule, repeated: true, deps: [] },
        ],
      },
    ],
  });
});

test('describe draws what was read by whom', () => {
  const { graph, clusters, all } = world();
  clusters.get('n');
  all.get('');
  expect(graph.describe().split('\n')).toEqual([
    'flowchart LR',
    '  n0[("services")]',
    '  n1[("rules")]',
    '  n2("rule")',
    '  n3("cluster")',
    '  n4("clusters")',
    '  n5("all")',
    '  n0 --> n3',
    '  n0 -->|"byNamespace"| n4',
    '  n1 --> n2',
    '  n1 -->|"all rows"| n5',
    '  n2 --> n3',
    '  n3 --> n4',
    '',
  ]);
});

test('stats count runs, values, edges and rows', () => {
  const { graph, clusters } = world();
  clusters.get('n');
  clusters.get('n');
  expect(graph.stats()).toEqual({
    revision: 1,
    runs: 4,
    memos: 4,
    memosByQuery: { rule: 1, cluster: 2, clusters: 1, all: 0 },
    cells: 4,
    edges: 8,
    idle: 1,
    watches: 0,
    rows: { services: 3, rules: 0 },
  });
});
