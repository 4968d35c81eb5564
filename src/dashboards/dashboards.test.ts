import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { Metrics } from '../telemetry/metrics.js';
import { NOTHING_SCRAPED } from '../telemetry/testing/nothing-scraped.js';
import { labels } from '../translate/stats-log/labels.js';
import { METRICS } from '../translate/stats-log/metrics.js';
import type { WorkloadFacts } from '../translate/stats-log/workload-facts.js';
import { DASHBOARDS, dashboardFiles } from './index.js';

/** Metric → its labels, for Istio's metrics as the proxies make them and for our own. */
async function catalogue(): Promise<Map<string, ReadonlySet<string>>> {
  const known = new Map<string, ReadonlySet<string>>();
  const add = (name: string, names: Iterable<string>, isHistogram: boolean): void => {
    const all = new Set([...names, 'instance', 'job']);
    if (!isHistogram) known.set(name, all);
    else
      for (const suffix of ['_bucket', '_sum', '_count']) known.set(`${name}${suffix}`, new Set([...all, ...(suffix === '_bucket' ? ['le'] : [])]));
  };
  const self = new Proxy({}, { get: () => 'x' }) as WorkloadFacts;
  for (const { name, moment, unit } of METRICS) {
    add(`istio_${name}`, labels(moment, { version: 'scope', reporter: 'source', self, mutualTls: true }).keys(), unit !== undefined);
  }
  const metrics = new Metrics('test');
  for (const type of ['cds', 'eds', 'lds', 'rds', 'sds']) metrics.xds.type(type, type);
  metrics.scrape(() => NOTHING_SCRAPED);
  for (const { name, type } of await metrics.registry.getMetricsAsJSON()) {
    const { labelNames = [] } = metrics.registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    add(name, labelNames, String(type) === 'histogram');
  }
  return known;
}

const used = Object.entries(DASHBOARDS).flatMap(([file, { rows, variables }]) => [
  ...rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map(({ expr, legend }) => [`${file}: ${title}`, expr, [...legend.matchAll(/{{(\w+)}}/g)].map(([, label]) => label ?? '')] as const),
    ),
  ),
  ...variables.map(({ name, values }) => [`${file}: $${name}`, values.series, [values.label]] as const),
]);

test.each(used)('%s asks for metrics and labels that exist', async (_, expr, shown) => {
  const known = await catalogue();
  // Grafana fills these in; any duration will do to parse.
  const text = expr.replaceAll('$__rate_interval', '1m');
  const names: string[] = [];
  const asked = new Set<string>(shown);
  parser.parse(text).iterate({
    enter(node) {
      const word = text.slice(node.from, node.to);
      expect(`${node.type.isError ? 'unreadable at ' : ''}${word}`).toBe(word);
      if (node.name === 'VectorSelector') names.push(/^\w+/.exec(word)?.[0] ?? word);
      if (node.name === 'LabelName') asked.add(word);
    },
  });
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    expect([...known.keys()]).toContain(name);
    for (const label of asked)
      if (label !== 'le' || name.endsWith('_bucket')) expect([name, [...(known.get(name) ?? [])]]).toEqual([name, expect.arrayContaining([label])]);
  }
});

test('panels lie beside each other, and no two have one id', () => {
  for (const [name, text] of dashboardFiles()) {
    const { panels } = JSON.parse(text) as { panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[] };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect([name, new Set(cells).size]).toEqual([name, cells.length]);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  }
});

test('the files in examples/observability are these', () => {
  for (const [name, text] of dashboardFiles()) {
    expect(readFileSync(new URL(`../../examples/observability/grafana/${name}`, import.meta.url), 'utf8')).toBe(text);
  }
});
