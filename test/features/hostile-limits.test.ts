/** What one peer may take, over real HTTP/2 on loopback: whoever asks for more loses its own stream or connection, it is counted, and the others are served. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { DiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { XdsLimits } from '../../src/xds/limits.js';
import { GrpcStatus, Refusal } from '../../src/xds/provider.js';
import { TypeUrl } from '../../src/xds/push-order.js';
import { XdsServer } from '../../src/xds/server.js';
import { FakeProvider } from '../../src/xds/testing/fake-provider.js';
import { messagePrefix } from '../../src/xds/transport/framing.js';
import { Http2GrpcServer, type Http2GrpcServerOptions } from '../../src/xds/transport/http2-server.js';
import type { TransportLimits } from '../../src/xds/transport/limits.js';
import { delta, sotw } from './xds-client.js';

jest.setTimeout(20_000);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that keeps account of what it refused. Proxies are whoever their node says; its cluster is their identity. */
async function serve(transport: Partial<TransportLimits> = {}, limits: Partial<XdsLimits> = {}, more: Http2GrpcServerOptions = {}) {
  const provider = new FakeProvider();
  provider.set(TypeUrl.cluster, 'a', '1');
  const limited: string[] = [];
  const count = ({ limit }: { readonly limit: string }) => void limited.push(limit);
  const connected: string[] = [];
  const xds = new XdsServer({
    provider: {
      connect: (node) => {
        connected.push(node.id);
        return { ...provider.connect(node), ...(node.cluster !== '' && { identity: node.cluster }) };
      },
    },
    limits,
    observer: { limited: count },
  });
  const grpc = new Http2GrpcServer({ ...more, limits: transport, onLimit: count });
  xds.attach(grpc);
  grpc.addUnary('/test/Echo', (request) => request);
  const { port } = await grpc.listen({ host: '127.0.0.1', port: 0 });
  cleanups.push(
    () => grpc.close(0),
    () => xds.close(),
  );
  /** An honest proxy is served. */
  const honest = async (): Promise<void> => {
    const call = kept(sotw(port));
    call.send({ node: Node.fromPartial({ id: 'honest' }), typeUrl: TypeUrl.cluster });
    expect((await call.next()).resources.length).toBe(1);
  };
  return { provider, xds, port, limited, connected, honest };
}

const kept = <T extends { stop(): void }>(call: T): T => {
  cleanups.push(() => call.stop());
  return call;
};

function session(port: number): ClientHttp2Session & { code?: number } {
  const it: ClientHttp2Session & { code?: number } = connectHttp2(`http://127.0.0.1:${port}`);
  it.on('error', () => undefined);
  it.on('goaway', (code) => (it.code = code));
  cleanups.push(() => it.destroy());
  return it;
}

function call(of: ClientHttp2Session, path = '/test/Echo', headers: Record<string, string> = {}): ClientHttp2Stream {
  const request = of.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...headers });
  request.on('error', () => undefined);
  return request;
}

const ads = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const message = (bytes: Uint8Array): Buffer => Buffer.concat([messagePrefix(bytes.length), bytes]);
const request = (node: Partial<Node>, more: Partial<DiscoveryRequest> = {}): Buffer =>
  message(DiscoveryRequest.encode(DiscoveryRequest.fromPartial({ node: Node.fromPartial(node), typeUrl: TypeUrl.cluster, ...more })).finish());
const until = async (what: string, is: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !is(); i++) await sleep(10);
  if (!is()) throw new Error(`${what}: not in 5 s`);
};
const statusOf = (stream: ClientHttp2Stream): Promise<string | undefined> =>
  new Promise((resolve) => {
    stream.on('response', (headers) => headers['grpc-status'] !== undefined && resolve(String(headers['grpc-status'])));
    stream.on('trailers', (headers) => resolve(String(headers['grpc-status'])));
    stream.on('close', () => resolve(undefined));
    stream.resume();
  });

test('hostile: calls that are opened and reset at once end their connection', async () => {
  const { port, limited, honest } = await serve({ callBurst: 10_000 });
  const attacker = session(port);
  for (let n = 0; n < 400 && !attacker.destroyed && attacker.code === undefined; n++) {
    call(attacker).close(constants.NGHTTP2_CANCEL);
    if (n % 20 === 19) await sleep(5);
  }
  await until('the end of the connection', () => attacker.closed || attacker.destroyed);
  await until('the count', () => limited.includes('http2'));
  await honest();
});

test('hostile: more new calls than the rate end their connection', async () => {
  const { port, limited, honest } = await serve({ callBurst: 20, callsPerSecond: 1 });
  const attacker = session(port);
  let answered = 0;
  for (let n = 0; n < 40 && !attacker.destroyed; n++) {
    const one = call(attacker);
    one.end(message(Buffer.from('x')));
    if ((await statusOf(one)) === '0') answered += 1;
  }
  expect([answered, limited, attacker.code]).toEqual([20, ['call_rate'], constants.NGHTTP2_ENHANCE_YOUR_CALM]);
  await honest();
});

test('hostile: headers over the limit end their call, and are not handed on', async () => {
  const { port, connected, honest, limited } = await serve();
  const attacker = session(port);
  const one = call(attacker, ads, { authorization: 'x'.repeat(20_000) });
  one.write(request({ id: 'attacker' }));
  expect(await statusOf(one)).toBe(String(GrpcStatus.RESOURCE_EXHAUSTED));
  expect([connected, limited]).toEqual([[], ['header_bytes']]);
  await honest();
});

test('hostile: a header block without end closes its connection', async () => {
  const { port, honest } = await serve();
  const frame = (type: number, flags: number, id: number, payload: Buffer): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, payload]);
  };
  const socket = connectTcp(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  let isClosed = false;
  socket
    .on('error', () => undefined)
    .on('close', () => (isClosed = true))
    .resume();
  const literal = Buffer.concat([Buffer.from([0x00, 0x05]), Buffer.from('x-abc'), Buffer.from([0x7f, 0x81, 0x07]), Buffer.alloc(1_024, 0x61)]);
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0)), frame(1, 0, 1, literal)]));
  for (let n = 0; n < 5_000 && !isClosed; n++) {
    socket.write(frame(9, 0, 1, literal));
    if (n % 50 === 0) await sleep(1);
  }
  await until('the end of the connection', () => isClosed);
  await honest();
});

test('hostile: connections of one address are bounded, and a closed one makes room', async () => {
  const { port, limited } = await serve({ maxSessionsPerAddress: 3 });
  const sockets = [1, 2, 3].map(() => connectTcp(port, '127.0.0.1'));
  for (const socket of sockets) {
    cleanups.push(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
  }
  const fourth = connectTcp(port, '127.0.0.1');
  await new Promise((resolve) => fourth.on('error', () => undefined).once('close', resolve));
  expect(limited).toEqual(['connections_per_address']);
  sockets[0]?.destroy();
  await sleep(50);
  const one = call(session(port));
  one.end(message(Buffer.from('x')));
  expect(await statusOf(one)).toBe('0');
});

test.each<[string, Partial<XdsLimits>, (n: number) => Partial<Node>]>([
  ['streams', { maxStreams: 2 }, (n) => ({ id: `p${n}` })],
  ['streams_per_address', { maxStreamsPerAddress: 2 }, (n) => ({ id: `p${n}` })],
  ['streams_per_identity', { maxStreamsPerIdentity: 2 }, (n) => ({ id: `p${n}`, cluster: 'spiffe://td/ns/a/sa/b' })],
  ['streams_per_proxy', { maxStreamsPerProxy: 2 }, () => ({ id: 'p' })],
])('hostile: %s are bounded, and one that ends makes room', async (limit, limits, node) => {
  const { port, xds, limited } = await serve({}, limits);
  const open = (n: number) => {
    const it = kept(sotw(port));
    it.send({ node: Node.fromPartial(node(n)), typeUrl: TypeUrl.cluster });
    return it;
  };
  const [first, second] = [open(0), open(1)];
  await first.next();
  await second.next();
  expect(await open(2).ended()).toMatchObject({ code: 8, details: expect.stringContaining('over the limit of 2 streams') });
  expect(limited).toEqual([limit]);
  first.stop();
  await until('the end of a stream', () => xds.connections().length === 1);
  expect((await open(3).next()).resources.length).toBe(1);
  expect(limited).toEqual([limit]);
});

test('hostile: a stream that does not say who it is ends', async () => {
  const { port, limited, honest } = await serve({}, { firstRequestMs: 500 });
  const silent = call(session(port), ads);
  const status = statusOf(silent);
  // Half a message, which goes on forever.
  silent.write(request({ id: 'a' }).subarray(0, 8));
  expect(await status).toBe(String(GrpcStatus.DEADLINE_EXCEEDED));
  expect(limited).toEqual(['first_request']);
  await honest();
});

test('hostile: names are counted before they are read, and over all types of a stream', async () => {
  const { port, limited } = await serve({}, { maxNames: 100 });
  const names = (from: number, count: number) => Array.from({ length: count }, (_, n) => `n${from + n}`);
  const node = Node.fromPartial({ id: 'a' });
  const [wide, deltaWide, many] = [kept(sotw(port)), kept(delta(port)), kept(delta(port))];
  wide.send({ node, typeUrl: TypeUrl.endpoint, resourceNames: names(0, 101) });
  expect(await wide.ended()).toMatchObject({ code: 8, details: 'over the limit of 100 names in one request' });
  const versions = Object.fromEntries(names(0, 60).map((name) => [name, '1']));
  deltaWide.send({ node, typeUrl: TypeUrl.endpoint, resourceNamesSubscribe: names(0, 60), initialResourceVersions: versions });
  expect(await deltaWide.ended()).toMatchObject({ code: 8, details: 'over the limit of 100 names in one request' });
  many.send({ node, typeUrl: TypeUrl.endpoint, resourceNamesSubscribe: names(0, 60) });
  many.send({ typeUrl: TypeUrl.route, resourceNamesSubscribe: names(0, 60) });
  expect(await many.ended()).toMatchObject({ code: 8, details: 'over the limit of 100 names on one stream' });
  expect(limited).toEqual(['names', 'names', 'names']);
});

test('hostile: what is kept of names, types, errors and nodes is bounded', async () => {
  const { port, xds, limited, honest } = await serve();
  const long = 'x'.repeat(3_000);
  const node = Node.fromPartial({ id: 'a', extensions: [{ name: long }], clientFeatures: [long] });
  expect(await refusalOf(kept(sotw(port)), { node, typeUrl: TypeUrl.route, resourceNames: [long] })).toMatchObject({
    code: 8,
    details: 'a name of 3002 bytes is over the limit of 2048',
  });
  const many = Array.from({ length: 100 }, (_, n) => `name-${n}`);
  expect(await refusalOf(kept(delta(port)), { node, typeUrl: TypeUrl.route, resourceNamesSubscribe: [...many, long] })).toMatchObject({ code: 8 });
  expect(await refusalOf(kept(delta(port)), { node, typeUrl: TypeUrl.route, initialResourceVersions: { [long]: '1' } })).toMatchObject({ code: 8 });
  expect(await refusalOf(kept(delta(port)), { node, typeUrl: long })).toMatchObject({ code: 3, details: 'a type_url of more than 256 characters' });
  expect(limited).toEqual(['names', 'names', 'names']);
  const refusing = kept(sotw(port));
  refusing.send({ node, typeUrl: TypeUrl.cluster });
  const { nonce } = await refusing.next();
  refusing.send({ typeUrl: TypeUrl.cluster, responseNonce: nonce, errorDetail: { code: 13, message: 'e'.repeat(100_000), details: [] } });
  const ofCluster = () => xds.connections()[0]?.types.find(({ typeUrl }) => typeUrl === TypeUrl.cluster);
  await until('the refusal is taken in', () => ofCluster()?.error !== undefined);
  expect(ofCluster()?.error?.message.length).toBe(4_097);
  expect(xds.connections()[0]?.node).toMatchObject({ id: 'a', extensions: [], clientFeatures: [] });
  await honest();
});

const refusalOf = <M>(one: { send(message: M): void; ended(): Promise<unknown> }, message: M): Promise<object> => {
  one.send(message);
  return one.ended() as Promise<object>;
};

test('hostile: requests over the rate and over the size are counted', async () => {
  const { port, limited, honest } = await serve({ requestsPerSecond: 1, requestBurst: 3, maxMessageBytes: 1_000 });
  const node = Node.fromPartial({ id: 'a' });
  const [fast, big] = [kept(sotw(port)), kept(sotw(port))];
  for (let n = 0; n < 5; n++) fast.send({ node, typeUrl: TypeUrl.cluster });
  expect(await fast.ended()).toMatchObject({ code: 8, details: expect.stringContaining('requests a second') });
  big.send({ node, typeUrl: TypeUrl.cluster, resourceNames: ['x'.repeat(2_000)] });
  expect(await big.ended()).toMatchObject({ code: 8, details: expect.stringContaining('over the limit of 1000') });
  expect(limited).toEqual(['request_rate', 'message_bytes']);
  await honest();
});

test('hostile: a reader that stops has bounded memory, is ended and counted', async () => {
  const { port, provider, xds, limited, honest } = await serve({}, { writeDeadlineMs: 1_500, maxBufferedBytes: 300_000 });
  const attacker = session(port);
  const stuck = call(attacker, ads);
  // Never read: the window of 64 kB fills up.
  stuck.pause();
  stuck.write(request({ id: 'stuck' }));
  for (let n = 0; n < 100; n++) {
    provider.set(TypeUrl.cluster, 'a', `${n}${'x'.repeat(100_000)}`);
    await sleep(2);
    // It asks again and again, each time in full.
    if (stuck.writable) stuck.write(request({ id: 'stuck' }));
  }
  const [status] = xds.connections();
  expect(status?.proxy).toBe('stuck');
  expect(status?.bufferedBytes).toBeGreaterThan(100_000);
  // The limit, and the one response that passed it.
  expect(status?.bufferedBytes).toBeLessThan(300_000 + 110_000);
  await honest();
  await until('the end of the stream', () => limited.length > 0);
  expect(limited).toEqual(['write_deadline']);
  await until('the stream to be gone', () => xds.connections().every(({ proxy }) => proxy !== 'stuck'));
});

test('hostile: a reader that is never done is ended, however little it takes now and then', async () => {
  const { port, provider, limited } = await serve({}, { writeDeadlineMs: 60_000, drainDeadlineMs: 2_000 });
  provider.set(TypeUrl.cluster, 'a', 'x'.repeat(3_000_000));
  const slow = call(session(port), ads);
  slow.pause();
  slow.write(request({ id: 'slow' }));
  const trickle = setInterval(() => slow.read(10_000), 100);
  cleanups.push(() => clearInterval(trickle));
  await until('the end of the stream', () => limited.length > 0);
  expect(limited).toEqual(['drain_deadline']);
});

test('hostile: of a stranger no byte is read', async () => {
  let read = 0;
  const refused: string[] = [];
  const { port, connected } = await serve(
    {},
    {},
    {
      authenticate: async () => {
        await sleep(50);
        throw new Refusal(GrpcStatus.UNAUTHENTICATED, 'no credential');
      },
      onRefused: (_, { message }) => void refused.push(message),
    },
  );
  const attacker = session(port);
  const one = call(attacker, ads);
  const status = statusOf(one);
  for (let n = 0; n < 20; n++) one.write(Buffer.alloc(100_000), () => (read += 1));
  await sleep(40);
  // Flow control holds the rest back: the connection's window is 64 kB.
  expect(read).toBeLessThan(3);
  expect(await status).toBe(String(GrpcStatus.UNAUTHENTICATED));
  expect([connected, refused]).toEqual([[], ['no credential']]);
});
