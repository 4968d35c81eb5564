import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ApiObject, objectKey } from './api-object.js';
import { Reflector, type ReflectorOptions } from './reflector.js';
import { FakeApiServer, json } from './testing/fake-api-server.js';

const PODS = '/api/v1/pods';
const pods = { group: '', version: 'v1', plural: 'pods' };

describe('SD-019: a collection of the API server is followed', () => {
  let server: FakeApiServer;
  let stop: AbortController;
  let known: Map<string, ApiObject>;
  let log: string[];
  let states: (string | undefined)[];

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.start();
    stop = new AbortController();
    known = new Map();
    log = [];
    states = [];
  });
  afterEach(async () => {
    stop.abort();
    await server.stop();
  });

  const run = (options: Partial<ReflectorOptions> = {}): void => {
    const sink = {
      replace: (objects: readonly ApiObject[]) => {
        known = new Map(objects.map((object) => [objectKey(object), object]));
        log.push(`replace ${objects.length}`);
      },
      set: (object: ApiObject) => {
        known.set(objectKey(object), object);
        log.push(`set ${object.metadata.name}`);
      },
      remove: (object: ApiObject) => {
        known.delete(objectKey(object));
        log.push(`remove ${object.metadata.name}`);
      },
    };
    const reflector = new Reflector({
      client: server.client(),
      resource: () => pods,
      sink,
      backOff: { first: 10, max: 40 },
      onState: (error) => states.push(error?.message),
      ...options,
    });
    void reflector.run(stop.signal);
  };
  const names = (): string =>
    [...known.keys()]
      .map((key) => key.slice(8))
      .sort()
      .join(' ');
  const until = async (claim: () => boolean): Promise<void> => {
    const end = Date.now() + 3000;
    while (!claim()) {
      if (Date.now() > end) throw new Error(`in vain: ${JSON.stringify({ log, states, requests: server.requests })}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  test('a list in pages, then each change as it comes', async () => {
    for (let index = 0; index < 5; index++) server.set(PODS, `p${index}`);
    run({ pageSize: 2 });
    await until(() => server.watching(PODS) === 1);
    expect(log).toEqual(['replace 5']);
    server.set(PODS, 'p5');
    server.set(PODS, 'p0', { spec: { nodeName: 'n' } });
    server.delete(PODS, 'p1');
    await until(() => log.length === 4);
    expect(log).toEqual(['replace 5', 'set p5', 'set p0', 'remove p1']);
    expect(server.requests.filter((line) => line.includes('limit'))).toHaveLength(3);
  });

  test('a dropped connection is taken up where it broke: no list, nothing lost, nothing twice', async () => {
    server.set(PODS, 'a');
    run();
    await until(() => server.watching(PODS) === 1);
    server.set(PODS, 'b');
    await until(() => names() === 'a b');
    server.dropWatches('broken');
    server.set(PODS, 'c');
    server.delete(PODS, 'a');
    await until(() => names() === 'b c');
    expect(log).toEqual(['replace 1', 'set b', 'set c', 'remove a']);
  });

  test('a bookmark moves the place to resume at', async () => {
    server.set(PODS, 'a');
    run();
    await until(() => server.watching(PODS) === 1);
    server.set('/api/v1/services', 'other');
    server.bookmark(PODS);
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.forget();
    server.dropWatches('ended');
    await until(() => server.watching(PODS) === 1);
    server.set(PODS, 'b');
    await until(() => names() === 'a b');
    expect(log).toEqual(['replace 1', 'set b']);
  });

  test('410: it lists again, and what went meanwhile is gone without the rest ever missing', async () => {
    server.set(PODS, 'a');
    server.set(PODS, 'b');
    run();
    await until(() => server.watching(PODS) === 1);
    server.intercept = (_, response, url) => url.searchParams.has('watch') && (json(response, 500, {}), true);
    server.dropWatches();
    server.delete(PODS, 'a');
    server.set(PODS, 'c');
    server.forget();
    server.intercept = () => false;
    await until(() => names() === 'b c');
    expect(log).toEqual(['replace 2', 'replace 2']);
  });

  test('a server that is away changes nothing; after that changes come again', async () => {
    server.set(PODS, 'a');
    run();
    await until(() => server.watching(PODS) === 1);
    await server.stop();
    await until(() => states.some((state) => state?.includes('ECONNREFUSED') === true));
    expect(names()).toBe('a');
    server.set(PODS, 'b');
    await server.start();
    await until(() => names() === 'a b' && states.at(-1) === undefined);
    expect(log).toEqual(['replace 1', 'set b']);
  });

  test('a watch that stands again ends the failure, though nothing changes', async () => {
    server.set(PODS, 'a');
    run();
    await until(() => server.watching(PODS) === 1);
    await server.stop();
    await until(() => states.at(-1) !== undefined);
    await server.start();
    await until(() => states.at(-1) === undefined && server.watching(PODS) === 1);
    expect(log).toEqual(['replace 1']);
  });

  test('half a list is none: a page that fails takes nothing away', async () => {
    for (const name of ['a', 'b', 'c']) server.set(PODS, name);
    run({ pageSize: 2 });
    await until(() => server.watching(PODS) === 1);
    let failures = 0;
    server.intercept = (_, response, url) => {
      if (!url.searchParams.has('continue') || failures++ > 1) return false;
      json(response, 500, { message: 'etcd is away' });
      return true;
    };
    server.forget();
    server.set(PODS, 'd');
    server.forget();
    server.dropWatches();
    await until(() => names() === 'a b c d');
    expect(log.filter((line) => line.startsWith('replace'))).toEqual(['replace 3', 'replace 4']);
    expect(states).toContain('etcd is away');
  });

  test('watches that the server ends at once are not asked for in a busy loop', async () => {
    server.set(PODS, 'a');
    server.intercept = (_, response, url) => url.searchParams.has('watch') && (response.end(), true);
    run({ backOff: { first: 40, max: 400 } });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(server.requests.length).toBeLessThan(12);
    expect(log).toEqual(['replace 1']);
  });

  test('a kind that the server does not have is empty, and is listed when it comes; forbidden ones are told', async () => {
    let served = false;
    let came: () => void = () => undefined;
    server.set('/apis/x.io/v1/things', 'a');
    run({
      resource: () => (served ? { group: 'x.io', version: 'v1', plural: 'things' } : undefined),
      resourceChanged: () => new Promise((resolve) => (came = resolve)),
    });
    await until(() => log.length === 1);
    expect(log).toEqual(['replace 0']);
    server.intercept = (_, response, url) => !url.searchParams.has('watch') && (json(response, 403, { message: 'things is forbidden' }), true);
    served = true;
    came();
    await until(() => states.includes('things is forbidden'));
    server.intercept = () => false;
    await until(() => names() === 'a');
  });
});
