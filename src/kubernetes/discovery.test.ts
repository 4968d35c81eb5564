import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Discovery } from './discovery.js';
import { FakeApiServer } from './testing/fake-api-server.js';

let server: FakeApiServer;
let stop: AbortController;

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await server.stop();
});

test('CL-001: a server that does not tell its kinds is a failure only for as long as that lasts', async () => {
  const states: (string | undefined)[] = [];
  const until = async (claim: () => boolean): Promise<void> => {
    for (let i = 0; i < 300 && !claim(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(claim()).toBe(true);
  };
  server.served = { 'networking.istio.io/v1': ['gateways'] };
  const discovery = new Discovery({
    client: server.client(),
    groups: new Set(['networking.istio.io']),
    everyMs: 20,
    onState: (error) => states.push(error?.message),
  });
  await discovery.start(stop.signal);
  await server.stop();
  await until(() => states.at(-1) !== undefined);
  await server.start();
  await until(() => states.at(-1) === undefined);
  expect(discovery.version('networking.istio.io', ['v1'], 'gateways')).toBe('v1');
});
