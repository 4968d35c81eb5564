import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LiveStatuses } from './live-statuses.js';
import { type StatusWrite, StatusWriter, type WriteResult } from './status-writer.js';
import { FakeApiServer, json } from './testing/fake-api-server.js';

let server: FakeApiServer;
let stop: AbortController;
/** Statuses that the server answers with, in turn; then 200. */
let answers: { status: number; body?: object; headers?: Record<string, string> }[];
let bodies: string[];
let results: [string, WriteResult][];

beforeEach(async () => {
  [answers, bodies, results] = [[], [], []];
  stop = new AbortController();
  server = new FakeApiServer();
  server.intercept = (request, response) => {
    if (request.method !== 'PATCH') return false;
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      bodies.push(text);
      const { status, body, headers } = answers.shift() ?? { status: 200 };
      if (headers?.['retry-after'] !== undefined) response.setHeader('retry-after', headers['retry-after']);
      json(response, status, body ?? { metadata: { name: 'it', resourceVersion: '7' } });
    });
    return true;
  };
  await server.start();
});
afterEach(async () => {
  stop.abort();
  await server.stop();
});

const write = (more: Partial<StatusWrite> = {}): StatusWrite => ({
  path: '/apis/g/v1/namespaces/shop/things/it',
  apiVersion: 'g/v1',
  kind: 'Thing',
  namespace: 'shop',
  name: 'it',
  status: { conditions: [], extra: 1 },
  resourceVersion: '5',
  isGuarded: false,
  isReplacing: false,
  ...more,
});

function begin(next: (id: string) => StatusWrite | undefined, more = {}) {
  const writer = new StatusWriter({
    client: server.client(),
    fieldManager: 'mizzen',
    next,
    onWritten: () => undefined,
    onResult: (id, result) => results.push([id, result]),
    backOff: { first: 20, max: 40 },
    ...more,
  });
  void writer.run(stop.signal);
  return writer;
}
async function settled(writer: StatusWriter, count: number): Promise<void> {
  for (let i = 0; i < 300 && (results.length < count || writer.pending > 0); i++) await new Promise((done) => setTimeout(done, 10));
}

test('a status is applied under a name of our own, and only once for many calls', async () => {
  const writer = begin(() => write());
  for (let i = 0; i < 5; i++) writer.poke('Thing shop/it');
  await settled(writer, 1);
  expect(server.requests).toEqual(['PATCH /apis/g/v1/namespaces/shop/things/it/status?fieldManager=mizzen&force=true']);
  expect(JSON.parse(bodies[0]!)).toEqual({
    apiVersion: 'g/v1',
    kind: 'Thing',
    metadata: { name: 'it', namespace: 'shop' },
    status: { conditions: [], extra: 1 },
  });
});

test('where others have a part in a list, it goes onto the version that was read', async () => {
  const writer = begin(() => write({ isGuarded: true }));
  writer.poke('a');
  await settled(writer, 1);
  expect(JSON.parse(bodies[0]!).metadata).toEqual({ name: 'it', namespace: 'shop', resourceVersion: '5' });
});

describe('what does not go well', () => {
  test.each([
    ['a conflict is tried again with what is to write then', { status: 409 }, ['conflict', 'written']],
    ['a refusal as well', { status: 403 }, ['refused', 'written']],
    ['a server in trouble as well', { status: 503 }, ['failed', 'written']],
    ['an object that is gone is forgotten', { status: 404 }, ['gone']],
    ['also where the kind is gone', { status: 410 }, ['gone']],
  ])('%s', async (_, answer, expected) => {
    answers.push(answer);
    const writer = begin(() => write());
    writer.poke('a');
    await settled(writer, expected.length);
    expect(results.map(([, result]) => result)).toEqual(expected);
  });

  test('one object that fails for ever holds up no other', async () => {
    const writer = begin((id) => {
      if (id === 'bad') throw new Error('no');
      return write({ name: id });
    });
    for (const id of ['bad', 'one', 'two', 'three', 'four', 'five']) writer.poke(id);
    for (let i = 0; i < 100 && results.filter(([, result]) => result === 'written').length < 5; i++)
      await new Promise((done) => setTimeout(done, 10));
    expect(new Set(results.filter(([, result]) => result === 'written').map(([id]) => id))).toEqual(new Set(['one', 'two', 'three', 'four', 'five']));
  });

  test('what the cluster’s definition does not know is left out from then on', async () => {
    answers.push({ status: 500, body: { message: 'failed to create typed patch object: .status.extra: field not declared in schema' } });
    const writer = begin((id) => write({ name: id }));
    writer.poke('a');
    await settled(writer, 1);
    writer.poke('b');
    await settled(writer, 2);
    expect(bodies.map((body) => Object.keys(JSON.parse(body).status))).toEqual([['conditions', 'extra'], ['conditions'], ['conditions']]);
  });

  test('what the server does not keep is not written again while the object stays as it is', async () => {
    let version = '5';
    const writer = begin(() => write({ resourceVersion: version }));
    writer.poke('a');
    await settled(writer, 1);
    version = '7';
    writer.poke('a');
    await new Promise((done) => setTimeout(done, 60));
    expect(bodies).toHaveLength(1);
    version = '8';
    writer.poke('a');
    await settled(writer, 2);
    expect(bodies).toHaveLength(2);
  });
});

test('no more is written in a second than was agreed', async () => {
  const writer = begin((id) => write({ name: id }), { perSecond: 20, burst: 5 });
  const begun = performance.now();
  for (let i = 0; i < 15; i++) writer.poke(`t${i}`);
  await settled(writer, 15);
  expect(results).toHaveLength(15);
  // 10 above the burst at 20 a second.
  expect(performance.now() - begun).toBeGreaterThan(450);
});

describe('statuses as they stand', () => {
  const object = (version: string, status?: object, uid = 'u') => ({
    metadata: { name: 'it', namespace: 'shop', uid, resourceVersion: version },
    status,
  });
  const sink = { replace: () => undefined, set: () => undefined, remove: () => undefined };

  test('a watch that is behind takes nothing back', () => {
    const live = new LiveStatuses(new Set(['Thing']));
    live.note('Thing', object('10', { a: 1 }));
    live.note('Thing', object('9', { a: 0 }));
    expect(live.get('Thing shop/it')).toMatchObject({ resourceVersion: '10', uid: 'u', status: { a: 1 } });
    // Made anew under the same name.
    live.note('Thing', object('8', undefined, 'v'));
    expect(live.get('Thing shop/it')).toMatchObject({ resourceVersion: '8', uid: 'v', status: {} });
  });

  test('what a list no longer has is gone; kinds that nobody asked for are not kept', () => {
    const live = new LiveStatuses(new Set(['Thing']));
    const seen: string[] = [];
    live.onChange((id) => seen.push(id));
    const beside = live.beside('Thing', sink);
    beside.replace([object('1')]);
    expect(seen).toEqual(['Thing shop/it']);
    beside.replace([]);
    expect(live.get('Thing shop/it')).toBeUndefined();
    expect(live.beside('Other', sink)).toBe(sink);
  });
});
