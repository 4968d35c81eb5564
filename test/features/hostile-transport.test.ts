/** The gRPC transport against peers that mean harm: what they send may end their own call, and nothing else. */
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { MessageReader, messagePrefix } from '../../src/xds/transport/framing.js';
import { Http2GrpcServer } from '../../src/xds/transport/http2-server.js';
import type { TransportLimits } from '../../src/xds/transport/limits.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(limits: Partial<TransportLimits> = {}): Promise<{ grpc: Http2GrpcServer; port: number; asked: string[] }> {
  const grpc = new Http2GrpcServer({ limits });
  const asked: string[] = [];
  grpc.addUnary('/test/Echo', async (request) => {
    await sleep(20);
    asked.push(Buffer.from(request).toString());
    return request;
  });
  const { port } = await grpc.listen({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => grpc.close(0));
  return { grpc, port, asked };
}

const message = (text: string): Buffer => Buffer.concat([messagePrefix(text.length), Buffer.from(text)]);

test('a unary request is not overwritten by the bytes of another peer before it is handled', async () => {
  const { port, asked } = await serve();
  const call = () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    cleanups.push(() => session.destroy());
    return session.request({ ':method': 'POST', ':path': '/test/Echo', 'content-type': 'application/grpc' });
  };
  const [victim, attacker] = [call(), call()];
  for (const [request, text] of [
    [victim, 'victim'],
    [attacker, 'attack'],
  ] as const) {
    request.resume();
    request.write(message(text).subarray(0, 7));
    await sleep(30);
    request.write(message(text).subarray(7));
    await sleep(30);
  }
  victim.end();
  await sleep(60);
  expect(asked).toEqual(['victim']);
});

test('a message in single bytes is put together in bounded time', () => {
  const reader = new MessageReader(4 << 20);
  const size = 300_000;
  const text = Buffer.alloc(size, 'abcdefg');
  const bytes = Buffer.concat([messagePrefix(size), text, message('next')]);
  const read: string[] = [];
  for (let at = 0; at < bytes.length; at++) read.push(...reader.push(bytes.subarray(at, at + 1)).map(String));
  expect(read.length).toBe(2);
  expect(read[0] === text.toString()).toBe(true);
  expect(read[1]).toBe('next');
  expect(reader.isEmpty).toBe(true);
});

test('calls that are reset in the packet that opens them, and connections that break off, leave the server serving', async () => {
  const { port, asked } = await serve();
  const frame = (type: number, flags: number, id: number, payload: Buffer): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, payload]);
  };
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const headersOf = (method: string): Buffer =>
    Buffer.concat(
      [':method', method, ':scheme', 'http', ':path', '/test/Echo', ':authority', 'a', 'content-type', 'application/grpc'].map((value, at) =>
        at % 2 === 0 ? Buffer.concat([Buffer.from([0]), text(value)]) : text(value),
      ),
    );
  for (const method of ['GET', 'POST']) {
    for (const code of [0, 8]) {
      for (const isCut of [false, true]) {
        const socket = connectTcp(port, '127.0.0.1');
        socket.on('error', () => undefined);
        const frames = [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))];
        for (let id = 1; id < 40; id += 2) frames.push(frame(1, 4, id, headersOf(method)), frame(3, 0, id, Buffer.from([0, 0, 0, code])));
        frames.push(frame(0, 0, 99, Buffer.from('no such stream')));
        socket.write(Buffer.concat(frames));
        await sleep(10);
        if (isCut) socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  cleanups.push(() => session.destroy());
  const request = session.request({ ':method': 'POST', ':path': '/test/Echo', 'content-type': 'application/grpc' });
  request.resume();
  request.end(message('still there'));
  await new Promise((resolve) => request.once('end', resolve));
  expect(asked).toEqual(['still there']);
});

test('a connection that never says a word does not hold up the end', async () => {
  const { grpc, port } = await serve();
  const socket = connectTcp(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  await sleep(10);
  await Promise.race([grpc.close(50), sleep(2_000, undefined, { ref: false }).then(() => Promise.reject(new Error('close hangs')))]);
});

test('a peer that does not go when its idle connection is closed is cut', async () => {
  const { port } = await serve({ idleMs: 50, keepaliveTimeoutMs: 50 });
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
  cleanups.push(() => socket.destroy());
  const closed = new Promise((resolve) => socket.once('close', () => resolve('cut')));
  socket.on('error', () => undefined).resume();
  socket.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
  await sleep(300);
  socket.write('x');
  await sleep(20);
  socket.write('x');
  expect(await Promise.race([closed, sleep(1_000, undefined, { ref: false })])).toBe('cut');
});
