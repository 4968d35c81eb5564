/** Traces of changes, read by a small collector: one trace from the file's event to each proxy's answer. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ControlPlane } from '../../src/server/control-plane.js';
import type { ServeOptions } from '../../src/server/options.js';
import { createLog } from '../../src/telemetry/log.js';
import { startTracing } from '../../src/telemetry/otlp.js';
import { CLUSTER_TYPE } from '../../src/views/type-urls.js';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.js';
import { optionsIn } from './serve-options.js';
import { type DeltaCall, delta } from './xds-client.js';

const service = (name: string): string => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {clusterIP: 10.9.0.${name.length}, ports: [{name: http, port: 80}]}
`;
let folder: string;
let receiver: OtlpReceiver;
const closers: (() => Promise<void> | void)[] = [];
const set = (name: string, value: string): void => {
  const before = process.env[name];
  process.env[name] = value;
  closers.push(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
};
const put = (text: string): void => writeFileSync(join(folder, 'mesh', 'services.yaml'), text);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'traces-'));
  mkdirSync(join(folder, 'mesh'));
  put(service('web'));
  receiver = await startOtlpReceiver();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(options: Partial<ServeOptions>): Promise<{ controlPlane: ControlPlane; connect: (name: string) => Promise<DeltaCall> }> {
  const all = optionsIn(folder, { xdsTlsAddress: undefined, httpAddress: undefined, ...options });
  const controlPlane = new ControlPlane(all, createLog({ format: 'json', level: 'silent' }), '1.2.3');
  closers.push(() => controlPlane.close(0));
  const { xds } = await controlPlane.start();
  const connect = async (name: string): Promise<DeltaCall> => {
    const call = delta(Number(xds?.split(':')[1]));
    closers.push(() => call.stop());
    call.send({ node: Node.fromPartial({ id: `sidecar~10.0.0.7~${name}.shop~shop.svc.cluster.local` }), typeUrl: CLUSTER_TYPE });
    call.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await call.next()).nonce });
    return call;
  };
  return { controlPlane, connect };
}

/** The trace of the change that sent something, as names below each other. */
function tree(spans: readonly ReceivedSpan[]): {
  readonly root: ReceivedSpan;
  readonly lines: readonly string[];
  readonly all: readonly ReceivedSpan[];
} {
  const root = spans.find(({ name, attributes }) => name === 'config change' && Number(attributes['mizzen.responses']) > 0);
  if (root === undefined) throw new Error(`no change that sent something among ${spans.map(({ name }) => name).join(', ')}`);
  const all = spans.filter(({ traceId }) => traceId === root.traceId);
  const below = (parent: string, depth: number): string[] =>
    all
      .filter((span) => span.parent === parent)
      .sort((a, b) => Number(a.start - b.start) || (a.name < b.name ? -1 : 1))
      .flatMap((span) => [`${'  '.repeat(depth)}${span.name}`, ...below(span.spanId, depth + 1)]);
  return { root, lines: below('', 0), all };
}

async function change(connect: (name: string) => Promise<DeltaCall>, answers: readonly ('accept' | 'refuse')[]): Promise<void> {
  const calls = await Promise.all(answers.map((_, i) => connect(`web-${i}`)));
  put(service('web') + service('cart'));
  for (const [i, call] of calls.entries()) {
    const { nonce } = await call.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const refusal = { code: 13, message: 'no', details: [] };
    call.send({ typeUrl: CLUSTER_TYPE, responseNonce: nonce, ...(answers[i] === 'refuse' && { errorDetail: refusal }) });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}

const PUSH = ['  push cds', '    views', '    send', '    wait for ack'];

describe('traces of a push', () => {
  test('over HTTP: one trace from the event of a file to the answers of all proxies', async () => {
    set('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment=test');
    set('OTEL_EXPORTER_OTLP_HEADERS', 'x-tenant=shop');
    const { controlPlane, connect } = await serve({ otlpEndpoint: receiver.httpUrl });
    await change(connect, ['accept', 'refuse']);
    await controlPlane.close(0);
    const { root, lines, all } = tree(receiver.spans);
    expect(lines.map((line) => line.trim()).sort()).toEqual(
      ['config change', 'debounce', 'read files', 'transaction', ...[...PUSH, ...PUSH].map((line) => line.trim())].sort(),
    );
    expect(lines.slice(0, 4)).toEqual(['config change', '  debounce', '  read files', '  transaction']);
    expect(lines.filter((line) => line.startsWith('    '))).toHaveLength(6);
    expect(root.attributes).toMatchObject({
      'mizzen.rows': ['Service shop/cart'],
      'mizzen.rows.set': 1,
      'mizzen.outcome': 'refused',
      'mizzen.responses': 2,
    });
    expect(root.resource).toMatchObject({ 'service.name': 'mizzen', 'service.version': '1.2.3', 'deployment.environment': 'test' });
    expect(receiver.headers[0]).toMatchObject({ 'x-tenant': 'shop' });
    const pushes = all.filter(({ name }) => name === 'push cds');
    expect(pushes.map(({ attributes, status }) => [attributes['mizzen.proxy'], attributes['mizzen.answer'], status]).sort()).toEqual([
      ['web-0.shop', 'accepted', 0],
      ['web-1.shop', 'refused', 2],
    ]);
    for (const span of all) {
      expect(span.start <= span.end).toBe(true);
      expect(span.start >= root.start && span.end <= root.end).toBe(true);
    }
    // The second proxy was waited for twice 30 ms, and the clock is the wall's.
    expect(Number(root.end - root.start) / 1e6).toBeGreaterThan(60);
    expect(Math.abs(Number(root.end) / 1e6 - Date.now())).toBeLessThan(10_000);
  });

  test('over gRPC, named by the variables of OpenTelemetry', async () => {
    set('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.grpcUrl);
    set('OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc');
    set('OTEL_SERVICE_NAME', 'pilot');
    const { controlPlane, connect } = await serve({});
    await change(connect, ['accept']);
    await controlPlane.close(0);
    const { root, lines } = tree(receiver.spans);
    expect(lines).toEqual(['config change', '  debounce', '  read files', '  transaction', ...PUSH]);
    expect(root.attributes).toMatchObject({ 'mizzen.outcome': 'accepted' });
    expect(root.resource).toMatchObject({ 'service.name': 'pilot' });
  });

  test('a collector that is away costs a warning, and nothing else', async () => {
    set('OTEL_EXPORTER_OTLP_TIMEOUT', '500');
    const errors: unknown[] = [];
    const tracing = await startTracing({ endpoint: 'http://127.0.0.1:1', version: '1', env: {}, onError: (error) => errors.push(error) });
    tracing?.tracer.startSpan('lost').end();
    await tracing?.close();
    expect(errors.length).toBeGreaterThan(0);
  });

  test.each([
    ['no endpoint is named', {}],
    ['the SDK is disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
    ['traces go nowhere', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' }],
  ])('off when %s', async (_, env) => {
    expect(await startTracing({ version: '1', env, onError: () => undefined })).toBeUndefined();
  });

  test('a protocol that is not spoken is refused by name', async () => {
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    await expect(startTracing({ endpoint: 'http://127.0.0.1:1', version: '1', env, onError: () => undefined })).rejects.toThrow('"http/json"');
  });
});
