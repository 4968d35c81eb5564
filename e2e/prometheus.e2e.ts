/**
 * Istio's standard metrics as a real Prometheus has them (TE-002, TE-006, TE-018, MT-001): it finds the Envoys by asking Mizzen, scrapes them with
 * examples/observability/prometheus.yml, and is asked what a known pattern of traffic came to; then every query of the dashboards and every rule is
 * run against it. Needs root, iproute2 and iptables, and apt where no `prometheus` is installed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { DASHBOARDS } from '../src/dashboards/index.js';
import type { Reply } from './harness/agent.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { missingFor } from './harness/missing.js';
import { podsMissing } from './harness/pods.js';
import { checkout } from './harness/processes.js';
import { findPrometheus, type Prometheus, type Sample, startPrometheus } from './harness/prometheus.js';
import type { Resource } from './harness/scenario.js';
import { type ScenarioMesh, startScenarioMesh } from './harness/scenario-mesh.js';
import { type Expected, expectedSeries, type Flow, flows, sendPattern, seriesKey, streams } from './harness/traffic-pattern.js';
import { until } from './harness/wait.js';

const missing = await missingFor(podsMissing, findPrometheus);
const title = missing ? `prometheus (skipped: ${missing})` : 'prometheus';

/** What Prometheus and its discovery add to a series. */
const ADDED = ['__name__', 'instance', 'job', 'component', 'namespace', 'pod'];
const HISTOGRAMS = ['istio_request_duration_milliseconds', 'istio_request_bytes', 'istio_response_bytes'];
const COUNTED = [
  'istio_requests_total',
  ...HISTOGRAMS.flatMap((name) => [`${name}_count`, `${name}_sum`, `${name}_bucket{le="+Inf"}`]),
  ...['connections_opened', 'connections_closed', 'received_bytes', 'sent_bytes'].map((name) => `istio_tcp_${name}_total`),
];

(missing ? describe.skip : describe)(title, () => {
  let mesh: ScenarioMesh;
  let prometheus: Prometheus;
  let resources: readonly Resource[] = [];
  let requests: readonly Flow[] = [];
  let connections: readonly Flow[] = [];
  /** Metric → what it grew by while the pattern was sent a second time. */
  const grown = new Map<string, readonly Expected[]>();
  let answers: ReadonlyMap<string, readonly Reply[]>;

  const all = async (): Promise<Map<string, readonly Sample[]>> =>
    new Map(await Promise.all(COUNTED.map(async (metric) => [metric, await prometheus.query(metric)] as const)));

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-prometheus-'));
    if (!process.env['MIZZEN_KEEP']) onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mesh = await startScenarioMesh(folder, 4);
    resources = parseAllDocuments(readFileSync(join(checkout, 'e2e/testdata/observed.yaml'), 'utf8')).map((one) => one.toJS() as Resource);
    await mesh.apply(resources);
    const agent = mesh.agent('hub');
    const { network } = mesh.pods;
    prometheus = await startPrometheus({ binary: await findPrometheus(), folder, mizzen: mesh.pods.mizzen().http, within: network.inHub, agent });
    const ip = (pod: string): string => mesh.pod(pod).ip;
    requests = flows(ip);
    connections = streams(ip);
    // Once so that every series is there (what comes with its first scrape has no rate), then for the record.
    await sendPattern(mesh, [...requests, ...connections]);
    await prometheus.caughtUp();
    const before = await all();
    answers = await sendPattern(mesh, [...requests, ...connections]);
    await prometheus.caughtUp();
    for (const [metric, samples] of await all()) grown.set(metric, growth(before.get(metric) ?? [], samples));
    // Something to push, for the control plane's rates.
    await mesh.apply(resources);
    await prometheus.caughtUp();
  }, 240_000);
  afterAll(cleanup, 60_000);

  test('TE-002: every proxy and the control plane are found and scraped', async () => {
    const targets = await prometheus.targets();
    const seen = targets.map(({ labels, health, lastError }) => [labels['component'], labels['pod'], labels['namespace'], health, lastError]);
    expect(seen.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['control-plane', undefined, undefined, 'up', ''],
      ['proxy', 'client', 'app', 'up', ''],
      ['proxy', 'gateway', 'istio-system', 'up', ''],
      ['proxy', 'other', 'other', 'up', ''],
      ['proxy', 'v1', 'app', 'up', ''],
      ['proxy', 'v2', 'app', 'up', ''],
      ['proxy', 'v3', 'app', 'up', ''],
    ]);
  });

  test('the pattern was answered as planned', () => {
    for (const { name, times, answer } of [...requests, ...connections])
      expect([name, answers.get(name)?.map(({ status, grpc }) => grpc ?? status)]).toEqual([name, Array.from({ length: times }, () => answer)]);
  });

  const texts = (series: readonly Expected[] = []): string[] => series.map(({ labels, by }) => `${by} × ${seriesKey(labels)}`).toSorted();

  test('TE-006, TE-018: requests, with all labels, at both ends', () => {
    expect(texts(grown.get('istio_requests_total'))).toEqual(texts(expectedSeries(requests)));
  });

  test.each(HISTOGRAMS)('TE-006: %s counts each request under the same labels', (name) => {
    const expected = texts(expectedSeries(requests));
    expect(texts(grown.get(`${name}_count`))).toEqual(expected);
    expect(texts(grown.get(`${name}_bucket{le="+Inf"}`))).toEqual(expected);
  });

  test('TE-006: durations and sizes are those of the requests', () => {
    const of = (metric: string, wanted: Readonly<Record<string, string>>): number =>
      (grown.get(metric) ?? [])
        .filter(({ labels }) => Object.entries(wanted).every(([name, value]) => labels[name] === value))
        .reduce((sum, { by }) => sum + by, 0);
    for (const reporter of ['source', 'destination']) {
      const seven = { reporter, source_workload: 'client', destination_service_name: 'echo-v1' };
      // Envoy's histograms are right to about two figures.
      expect(of('istio_request_bytes_sum', seven)).toBeCloseTo(7 * 12, -1);
      expect(of('istio_response_bytes_sum', seven)).toBeGreaterThan(7 * 300);
    }
    const late = of('istio_request_duration_milliseconds_sum', { response_flags: 'UT' });
    expect(late).toBeGreaterThan(2 * 280);
    expect(late).toBeLessThan(2 * 400);
  });

  test('TE-006, TE-018: byte streams, with all labels, at both ends', () => {
    const expected = expectedSeries(connections);
    const times = (factor: number) => expected.map(({ labels, by }) => ({ labels, by: by * factor }));
    const sent = 'step=pattern\n'.length;
    for (const [name, wanted] of [
      ['connections_opened', expected],
      ['connections_closed', expected],
      ['received_bytes', times(sent)],
      // The server puts its version and a space before what it got.
      ['sent_bytes', times(sent + 3)],
    ] as const)
      expect([name, texts(grown.get(`istio_tcp_${name}_total`))]).toEqual([name, texts(wanted)]);
  });

  test('MT-001: the control plane’s own metrics are there', async () => {
    for (const metric of [
      'pilot_xds',
      'pilot_xds_pushes',
      'pilot_proxy_convergence_time_count',
      'pilot_services',
      'citadel_server_root_cert_expiry_seconds',
    ])
      expect([metric, (await prometheus.query(metric)).length]).not.toEqual([metric, 0]);
    expect(await prometheus.query('pilot_xds')).toMatchObject([{ value: 6 }]);
  });

  const queries = Object.entries(DASHBOARDS).flatMap(([file, { rows, variables }]) => [
    ...rows.flatMap(({ panels }) =>
      panels.flatMap(({ title: panel, queries: some }) => some.map(({ expr }) => [`${file}: ${panel}`, expr] as const)),
    ),
    ...variables.map(({ name, values }) => [`${file}: $${name}`, values.series] as const),
  ]);
  test.each(queries)('%s has data', async (_, expr) => {
    // As Grafana fills them in when everything is chosen.
    const text = expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(service|namespace|workload)\b/g, '.*');
    const found = await prometheus.query(text);
    expect(found.filter(({ value }) => !Number.isNaN(value)).length).toBeGreaterThan(0);
  });

  test('every rule is healthy; what is recorded has data, and so has what alerts compare', async () => {
    await prometheus.caughtUp();
    const rules = await prometheus.rules();
    expect(rules.map(({ name, health, lastError = '' }) => [name, health, lastError])).toEqual(rules.map(({ name }) => [name, 'ok', '']));
    const empty: string[] = [];
    for (const { name, query, type } of rules) {
      const text = type === 'recording' ? name : query.replace(/ [<>] [\d. *]+$/, '');
      expect([name, type === 'recording' || text !== query]).toEqual([name, true]);
      if ((await prometheus.query(text)).length === 0) empty.push(name);
    }
    expect(empty).toEqual([]);
    expect(rules.length).toBeGreaterThanOrEqual(8);
  });

  test('XD-005: no Envoy refused anything', async () => {
    expect(await prometheus.query('sum(pilot_total_xds_rejects)')).toMatchObject([{ value: 0 }]);
  });

  test('MT-002: the first refusal of all raises an alert', async () => {
    // More than Envoy allows.
    const value = { name: 'refused', connect_timeout: '1s', lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 90_000_000 } };
    const spec = { workloadSelector: { labels: { app: 'client' } }, configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'ADD', value } }] };
    mesh.write([
      ...resources,
      { apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata: { name: 'refused', namespace: 'app' }, spec } as Resource,
    ]);
    await until('the alert', async () => (await prometheus.query('ALERTS{alertname="ConfigurationRefused",alertstate="firing"}')).length > 0, {
      timeoutMs: 30_000,
      everyMs: 500,
    });
    expect(await prometheus.query('pilot_total_xds_rejects{type="cds"} > 0')).toMatchObject([{ value: 1 }]);
    expect(await prometheus.query('pilot_xds_cds_reject')).toMatchObject([{ labels: { node: expect.stringContaining('client') }, value: 1 }]);
  }, 60_000);
});

/** Series that grew, without what Prometheus added; those of several proxies with equal labels are one. */
function growth(before: readonly Sample[], after: readonly Sample[]): readonly Expected[] {
  const earlier = new Map(before.map(({ labels, value }) => [seriesKey(labels), value]));
  const sums = new Map<string, Expected>();
  for (const { labels: full, value } of after) {
    const by = value - (earlier.get(seriesKey(full)) ?? 0);
    const labels = Object.fromEntries(Object.entries(full).filter(([name]) => !ADDED.includes(name) && name !== 'le'));
    const key = seriesKey(labels);
    if (by !== 0) sums.set(key, { labels, by: by + (sums.get(key)?.by ?? 0) });
  }
  return [...sums.values()];
}
