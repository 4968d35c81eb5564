/**
 * Traces and logs of real Envoys where they are meant to go (TE-008 to TE-016): a real Zipkin server, a receiver of OpenTelemetry's protocol over
 * gRPC and HTTP, Envoy's access log service. One request over the gateway and three services is one connected trace; a denied one explains itself in
 * the log. Needs root, iproute2 and iptables, Java 17 and Maven (which apt installs where it may).
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { Reply } from './harness/agent.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type Collector, startCollector } from './harness/collector.js';
import { missingFor } from './harness/missing.js';
import { podsMissing } from './harness/pods.js';
import { checkout } from './harness/processes.js';
import type { Resource } from './harness/scenario.js';
import { type ScenarioMesh, startScenarioMesh } from './harness/scenario-mesh.js';
import { sleep, until } from './harness/wait.js';
import { findZipkin, type Span, startZipkin, type Zipkin } from './harness/zipkin.js';

const missing = await missingFor(podsMissing, findZipkin);
const title = missing ? `traces and logs (skipped: ${missing})` : 'traces and logs';

const telemetry = (spec: object): Resource =>
  ({ apiVersion: 'telemetry.istio.io/v1', kind: 'Telemetry', metadata: { name: 'all', namespace: 'istio-system' }, spec }) as Resource;

/** The part of a span that Zipkin and OpenTelemetry have in common. */
interface Link {
  readonly id: string;
  readonly parentId?: string;
  readonly kind: string;
}

const customTags = { team: { literal: { value: 'blue' } }, user: { header: { name: 'x-user', defaultValue: 'nobody' } } };
/** A gateway has a span for each side, a sidecar for the one it is on. */
const WHOLE = [
  'gateway.istio-system SERVER',
  'gateway.istio-system CLIENT',
  ...[1, 2, 3].flatMap(() => ['echo.app SERVER', 'echo.app CLIENT']),
].slice(0, -1);

/** Spans from the root down, each the parent of the next; undefined when they are not one chain. */
function chain<T extends Link>(spans: readonly T[]): readonly T[] | undefined {
  const roots = spans.filter(({ parentId }) => !spans.some(({ id }) => id === parentId));
  const found: T[] = [];
  for (let [next] = roots; next; next = spans.find(({ parentId }) => parentId === found.at(-1)?.id)) found.push(next);
  return roots.length === 1 && found.length === spans.length ? found : undefined;
}

(missing ? describe.skip : describe)(title, () => {
  let mesh: ScenarioMesh;
  let zipkin: Zipkin;
  let collector: Collector;
  let logs = '';
  let resources: readonly Resource[] = [];
  const send = (from: string, plan: object): Promise<Reply[]> =>
    mesh.agent(from).call<Reply[]>('send', { how: 'http', ...plan, headers: { 'x-step': 'traced', ...(plan as { headers?: object }).headers } });
  /** Over the gateway to v1, which asks v2, which asks v3. */
  const throughAll = async (headers: object = {}): Promise<void> => {
    const edge = { url: 'http://edge.example/', to: `${mesh.pod('gateway').ip}:8080` };
    const [reply] = await send('outside', { ...edge, headers: { 'x-chain': 'http://echo-v2.app/ http://echo-v3.app/', ...headers } });
    expect([reply?.status, reply?.said?.['asked']]).toEqual([200, 200]);
  };
  /** Also lets go of connections whose listeners are gone: what is under way stays with the old ones. */
  const withTelemetry = async (spec: object): Promise<void> => {
    await mesh.apply([telemetry(spec), ...resources]);
    for (let n = 0; n < 4; n++) {
      await throughAll();
      await sleep(200);
    }
    await sleep(1500);
    collector.clear();
  };
  /** The seven spans of the trace that Zipkin has for a request. */
  const whole = async (isIt: (span: Span) => boolean): Promise<readonly Span[]> => {
    let found: readonly Span[] = [];
    await until('seven spans', async () => (found = (await zipkin.traces()).find((trace) => trace.some(isIt)) ?? []).length >= 7, {
      everyMs: 300,
    }).catch((error: Error) => {
      throw new Error(`${error.message}; there are ${JSON.stringify(found.map(({ kind, localEndpoint, tags }) => [kind, localEndpoint, tags]))}`);
    });
    return found;
  };
  const tracing = (provider: string, more: object = {}): Promise<void> =>
    withTelemetry({ tracing: [{ providers: [{ name: provider }], randomSamplingPercentage: 100, customTags, ...more }] });

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-telemetry-'));
    if (!process.env['MIZZEN_KEEP']) onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    // Envoys of uid 1337 write here; they can't open what we have for standard output.
    logs = join(folder, 'logs');
    mkdirSync(logs);
    chmodSync(logs, 0o777);
    const meshConfig = readFileSync(join(checkout, 'e2e/testdata/traced-mesh-config.yaml'), 'utf8').replaceAll('FOLDER', logs);
    mesh = await startScenarioMesh(folder, 5, meshConfig);
    const { network } = mesh.pods;
    const text = readFileSync(join(checkout, 'e2e/testdata/traced.yaml'), 'utf8').replaceAll('HUB', network.hubIp);
    resources = parseAllDocuments(text).map((document) => document.toJS() as Resource);
    collector = await startCollector(network.hubIp, network.inHub);
    zipkin = await startZipkin(await findZipkin(), { within: network.inHub, agent: mesh.agent('hub'), logFile: join(folder, 'zipkin.log') });
    // The first requests may come before clusters are warm.
    await mesh.apply(resources);
    await until('the chain to stand', async () => throughAll().then(() => true));
  }, 240_000);
  beforeEach(() => collector.clear());
  afterAll(cleanup, 60_000);

  test('TE-008, TE-011: Zipkin has one connected trace over the gateway and three services', async () => {
    await tracing('zipkin');
    await throughAll({ 'x-user': 'ada' });
    const spans = await whole(({ tags }) => tags['user'] === 'ada');
    const linked = chain(spans) ?? [];
    expect(linked.map(({ kind, localEndpoint }) => `${localEndpoint.serviceName} ${kind}`)).toEqual(WHOLE);
    expect(linked.map(({ tags }) => [tags['upstream_cluster'], tags['http.status_code'], tags['response_flags'], tags['team']])).toEqual(
      [
        'outbound|80||echo-v1.app.svc.cluster.local',
        'outbound|80||echo-v1.app.svc.cluster.local',
        'inbound|8080||',
        'outbound|80||echo-v2.app.svc.cluster.local',
        'inbound|8080||',
        'outbound|80||echo-v3.app.svc.cluster.local',
        'inbound|8080||',
      ].map((cluster) => [cluster, '200', '-', 'blue']),
    );
    expect(new Set(linked.map(({ traceId }) => traceId)).size).toBe(1);
    // The application hands on trace headers, not this one.
    expect(linked.map(({ tags }) => tags['user'])).toEqual(['ada', 'ada', 'ada', 'nobody', 'nobody', 'nobody', 'nobody']);
  }, 60_000);

  test('TE-009: nothing is sampled at 0 %, and everything that is asked for', async () => {
    await tracing('zipkin', { randomSamplingPercentage: 0 });
    await throughAll({ 'x-user': 'unlucky' });
    await throughAll({
      'x-user': 'chosen',
      'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
      'x-b3-spanid': 'a2fb4a1d1a96d312',
      'x-b3-sampled': '1',
    });
    expect((await whole(({ tags }) => tags['user'] === 'chosen'))[0]?.traceId).toBe('463ac35c9f6413ad48485a3953bb6124');
    expect((await zipkin.traces()).filter((trace) => trace.some(({ tags }) => tags['user'] === 'unlucky'))).toEqual([]);
  }, 60_000);

  test.each(['grpc', 'http'] as const)(
    'TE-008: OpenTelemetry over %s: one connected trace',
    async (via) => {
      await tracing(`otel-${via}`);
      await throughAll({ 'x-user': 'ada' });
      const ofAda = () => {
        const id = collector.spans.find(({ tags }) => tags['user'] === 'ada')?.traceId;
        return collector.spans.filter(({ traceId }) => traceId === id);
      };
      await until('seven spans', () => ofAda().length >= 7);
      const linked = chain(ofAda()) ?? [];
      expect(linked.map(({ kind, resource, via: way }) => `${way} ${resource['service.name']} ${kind}`)).toEqual(
        WHOLE.map((span) => `${via} ${span}`),
      );
      expect(new Set(linked.map(({ traceId }) => traceId)).size).toBe(1);
      expect(linked.every(({ failed }) => !failed)).toBe(true);
    },
    60_000,
  );

  test('TE-008: a timeout is an error of its span', async () => {
    await tracing('otel-grpc');
    const [reply] = await send('client', { url: 'http://echo-v3.app/', headers: { 'x-delay': '900' } });
    expect(reply?.status).toBe(504);
    const span = await until('the span', () =>
      collector.spans.find(({ kind, tags }) => kind === 'CLIENT' && tags['http.url'] === 'http://echo-v3.app/'),
    );
    expect(span).toMatchObject({ failed: true, tags: { 'http.status_code': '504', response_flags: 'UT' } });
  }, 60_000);

  /** A denied request, a timeout, an answer, a byte stream; twice, because the first may come over connections that have the old logs. */
  const someOfAll = async (isSecond = false): Promise<void> => {
    const answers = [
      await send('client', { url: 'http://echo-v2.app/closed' }),
      await send('client', { url: 'http://echo-v3.app/slow', headers: { 'x-delay': '900' } }),
      await send('client', { url: 'http://echo-v1.app/fine' }),
      await send('client', { how: 'tcp', url: 'tcp://echo-v1.app:9000' }),
    ];
    expect(answers.map(([reply]) => reply?.status)).toEqual([403, 504, 200, 200]);
    if (!isSecond) await someOfAll(true);
  };
  const POLICY = 'rbac_access_denied_matched_policy[ns[app]-policy[closed]-rule[0]]';

  test('TE-012: logs over OpenTelemetry name route, cluster and policy', async () => {
    await withTelemetry({ accessLogging: [{ providers: [{ name: 'otel-logs' }] }] });
    await someOfAll();
    const log = (text: string, why: string) =>
      until(`${text}, ${why}`, () => collector.logs.find(({ body, labels }) => body === text && labels['why'] === why)).catch((error) => {
        throw new Error(`${error}: ${JSON.stringify(collector.logs)}`);
      });
    const ofClient = { route: 'default', cluster: 'outbound|80||echo-v2.app.svc.cluster.local' };
    expect((await log('/closed 403', 'via_upstream')).labels).toMatchObject(ofClient);
    expect((await log('/closed 403', POLICY)).labels).toMatchObject({ route: 'default' });
    expect((await log('/slow 504', 'response_timeout')).labels).toMatchObject({ route: 'quick' });
    await log('/fine 200', 'via_upstream');
  }, 60_000);

  test('TE-012, TE-013: the access log service gets what a filter lets through, requests and byte streams', async () => {
    await withTelemetry({
      accessLogging: [{ providers: [{ name: 'als' }], filter: { expression: 'response.code >= 400' } }, { providers: [{ name: 'als-tcp' }] }],
    });
    await someOfAll();
    const denied = await until('the denial', () => collector.entries.find(({ response }) => response?.responseCodeDetails === POLICY));
    expect(denied).toMatchObject({ logName: 'requests', kind: 'http', request: { path: '/closed' }, response: { responseCode: { value: 403 } } });
    expect(denied.node).toContain('~v2.app~');
    const late = await until('the timeout', () => collector.entries.find(({ response }) => response?.responseCodeDetails === 'response_timeout'));
    expect(late.commonProperties).toMatchObject({ routeName: 'quick', responseFlags: { upstreamRequestTimeout: true } });
    const to = 'outbound|9000||echo-v1.app.svc.cluster.local';
    const stream = await until('the byte stream', () => collector.entries.find(({ commonProperties }) => commonProperties?.upstreamCluster === to));
    expect(stream).toMatchObject({ logName: 'streams', kind: 'tcp' });
    expect(collector.entries.filter(({ request }) => request?.path === '/fine')).toEqual([]);
  }, 60_000);

  test('TE-012: a file, as JSON', async () => {
    await withTelemetry({ accessLogging: [{ providers: [{ name: 'json' }] }] });
    await someOfAll();
    const lines = () =>
      readFileSync(join(logs, 'access.log'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, string>);
    expect(await until('the line', () => lines().find(({ why }) => why === POLICY))).toEqual({ path: '/closed', why: POLICY, flags: '-' });
  }, 60_000);

  test('XD-005: no Envoy refused anything', async () => {
    for (const name of ['v1', 'v2', 'v3', 'client', 'other', 'gateway'])
      for (const what of ['cluster_manager.cds.update_rejected', 'listener_manager.lds.update_rejected'])
        expect({ name, what, refused: await mesh.stat(name, what) }).toEqual({ name, what, refused: 0 });
  });
});
