/** XD-029: connections that grow old are left without a failed request, and with nothing sent twice; dead ones are found by pings. */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { afterEach, expect, jest, test } from '@jest/globals';
import { TypeUrl } from '../../src/xds/push-order.js';
import { XdsServer } from '../../src/xds/server.js';
import { FakeProvider } from '../../src/xds/testing/fake-provider.js';
import { MessageReader, messagePrefix } from '../../src/xds/transport/framing.js';
import { Http2GrpcServer } from '../../src/xds/transport/http2-server.js';
import type { TransportLimits } from '../../src/xds/transport/limits.js';

jest.setTimeout(20_000);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(limits: Partial<TransportLimits>) {
  const provider = new FakeProvider();
  for (const type of [TypeUrl.cluster, TypeUrl.listener]) for (const name of ['a', 'b']) provider.set(type, name, '1');
  const pushed: { resources: number; removed: number }[] = [];
  const xds = new XdsServer({ provider, observer: { pushed: (event) => void pushed.push(event) } });
  const grpc = new Http2GrpcServer({ limits });
  xds.attach(grpc);
  grpc.addUnary('/test/Slow', async (request) => {
    await sleep(400);
    return request;
  });
  const { port } = await grpc.listen({ host: '127.0.0.1', port: 0 });
  cleanups.push(
    () => grpc.close(0),
    () => xds.close(),
  );
  return { provider, xds, port, pushed };
}

const post = (path: string) => ({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
const framed = (bytes: Uint8Array): Buffer => Buffer.concat([messagePrefix(bytes.length), bytes]);

/** A delta client that connects again whenever its stream ends, with what it has, as Envoy does. */
class Proxy {
  readonly has = new Map<string, Map<string, string>>([
    [TypeUrl.cluster, new Map()],
    [TypeUrl.listener, new Map()],
  ]);
  readonly endings: { readonly status: string | undefined; readonly ms: number }[] = [];
  /** Answers wait while this is set. */
  answers = true;
  #late: (() => void)[] = [];
  #session: ClientHttp2Session | undefined;
  #isOver = false;

  constructor(private readonly port: number) {
    this.#connect();
    cleanups.push(() => {
      this.#isOver = true;
      this.#session?.destroy();
    });
  }

  answer(): void {
    for (const late of this.#late.splice(0)) late();
  }

  #connect(): void {
    const session = connectHttp2(`http://127.0.0.1:${this.port}`);
    this.#session = session;
    session.on('error', () => undefined);
    const begun = performance.now();
    const stream = session.request(post('/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'));
    let status: string | undefined;
    stream.on('error', () => undefined);
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'])));
    stream.on('close', () => {
      this.endings.push({ status, ms: performance.now() - begun });
      session.close();
      if (!this.#isOver) this.#connect();
    });
    const send = (request: Partial<DeltaDiscoveryRequest>): void => {
      if (stream.writable) stream.write(framed(DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(request)).finish()));
    };
    const reader = new MessageReader(1 << 20);
    stream.on('data', (data: Buffer) => {
      for (const message of reader.push(data)) {
        const { typeUrl, nonce, resources } = DeltaDiscoveryResponse.decode(message);
        for (const { name, version } of resources) this.has.get(typeUrl)?.set(name, version);
        const answer = () => send({ typeUrl, responseNonce: nonce });
        if (this.answers) answer();
        else this.#late.push(answer);
      }
    });
    for (const [typeUrl, has] of this.has)
      send({ node: Node.fromPartial({ id: 'proxy' }), typeUrl, initialResourceVersions: Object.fromEntries(has) });
  }
}

const until = async (what: string, is: () => boolean): Promise<void> => {
  for (let i = 0; i < 1_000 && !is(); i++) await sleep(5);
  if (!is()) throw new Error(`${what}: not in 5 s`);
};

test('XD-029: an old connection is left in good order, and nothing is sent twice', async () => {
  const { port, provider, pushed } = await serve({ maxAgeMs: 300, ageGraceMs: 3_000 });
  const proxy = new Proxy(port);
  await until('three streams', () => proxy.endings.length >= 3);
  // Changes go through whatever connection there is.
  for (let n = 0; n < 20; n++) {
    provider.set(TypeUrl.cluster, 'a', `change ${n}`);
    await sleep(20);
  }
  const last = provider.of(TypeUrl.cluster).get('a')?.version;
  await until('the last change', () => proxy.has.get(TypeUrl.cluster)?.get('a') === last);
  expect(new Set(proxy.endings.map(({ status }) => status))).toEqual(new Set(['0']));
  for (const { ms } of proxy.endings) expect(ms).toBeGreaterThan(250);
  // Four resources at first, then one for each change that was not merged with the next.
  const resources = pushed.reduce((sum, one) => sum + one.resources, 0);
  expect(resources).toBeGreaterThan(4);
  expect(resources).toBeLessThanOrEqual(4 + 20);
});

test('XD-029: what is under way is answered before the stream ends', async () => {
  const { port, provider } = await serve({ maxAgeMs: 400, ageGraceMs: 5_000 });
  const proxy = new Proxy(port);
  await until('the first state', () => proxy.has.get(TypeUrl.listener)?.size === 2);
  await sleep(50);
  proxy.answers = false;
  provider.set(TypeUrl.cluster, 'a', 'slow to warm');
  await sleep(900);
  expect(proxy.endings).toEqual([]);
  proxy.answers = true;
  proxy.answer();
  await until('the end', () => proxy.endings.length === 1);
  expect(proxy.endings[0]?.status).toBe('0');
});

test('XD-029: a stream that does not come to its end is cut after the grace', async () => {
  const { port, provider, xds } = await serve({ maxAgeMs: 400, ageGraceMs: 400 });
  const proxy = new Proxy(port);
  await until('the first state', () => proxy.has.get(TypeUrl.listener)?.size === 2);
  await sleep(50);
  proxy.answers = false;
  provider.set(TypeUrl.cluster, 'a', 'never answered');
  await until('the cut', () => proxy.endings.length === 1);
  expect(proxy.endings[0]?.status).toBeUndefined();
  expect(proxy.endings[0]?.ms).toBeGreaterThan(700);
  await until('the next stream', () => xds.connections().length === 1);
});

test('XD-029: a call that is being answered when its connection grows old is answered', async () => {
  const { port } = await serve({ maxAgeMs: 100, ageGraceMs: 2_000 });
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  cleanups.push(() => session.destroy());
  const call = session.request(post('/test/Slow'));
  call.end(framed(Buffer.from('x')));
  call.resume();
  const trailers = await new Promise<Record<string, unknown>>((resolve) => call.once('trailers', resolve));
  expect(trailers['grpc-status']).toBe('0');
  await new Promise((resolve) => session.once('close', resolve));
});

test('XD-029: a peer that answers no ping is cut', async () => {
  const { port } = await serve({ keepaliveMs: 100, keepaliveTimeoutMs: 200 });
  const socket = connectTcp(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  const begun = performance.now();
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - begun)));
  socket.on('error', () => undefined).resume();
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
  expect(await closed).toBeGreaterThan(250);
});
