import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import { AuthenticationError } from '../ca/errors.js';
import { conflictFinder } from '../server/conflicts.js';
import { addResources, createMesh, type MeshInstance } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { Metrics } from '../telemetry/metrics.js';
import { createDebugServer, type DebugServer } from './http.js';
import { createPages } from './pages.js';

const serverOf = (instance: MeshInstance, authenticators: readonly Authenticator[] = []): DebugServer =>
  createDebugServer({
    ask: createPages({
      ...instance,
      problems: () => [],
      connections: () => [],
      conflicts: conflictFinder(instance.mesh),
      clusters: () => ['Kubernetes'],
    }),
    rootNamespace: () => 'istio-system',
    proxies: () => [],
    authenticators,
    version: '1.2.3',
    isReady: () => true,
    metrics: new Metrics('1.2.3'),
  });

test('/debug/analysis tells what is found at present', async () => {
  const instance = createMesh();
  const server = serverOf(instance);
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const read = async (): Promise<unknown> => (await fetch(`http://${host}:${port}/debug/analysis`)).json();
  try {
    expect(await read()).toEqual([]);
    const text = 'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: n}\nspec: {host: gone}\n';
    addResources(instance.mesh, parseResources(text).resources);
    expect(await read()).toMatchObject([
      { code: 'unused-destination-rule', severity: 'warning', resource: { name: 'r' }, text: expect.stringContaining('n/r: spec.host: no service') },
    ]);
  } finally {
    await server.close();
  }
});

test('DB-002 DB-003: ready or not, metrics as Prometheus reads them, the version as text, pages pretty when asked', async () => {
  let isReady = false;
  const { mesh, views } = createMesh();
  const server = createDebugServer({
    ask: createPages({ mesh, views, problems: () => [], connections: () => [], conflicts: conflictFinder(mesh), clusters: () => ['one'] }),
    rootNamespace: () => 'istio-system',
    proxies: () => [],
    authenticators: [],
    version: '1.2.3',
    isReady: () => isReady,
    metrics: new Metrics('1.2.3'),
  });
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const get = async (path: string) => {
    const response = await fetch(`http://${host}:${port}${path}`);
    return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
  };
  try {
    expect((await get('/ready')).status).toBe(503);
    isReady = true;
    expect((await get('/ready')).status).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/version')).text).toBe('1.2.3');
    const metrics = await get('/metrics');
    expect(metrics.type).toContain('text/plain; version=0.0.4');
    expect(metrics.text).toContain('pilot_info{version="1.2.3"} 1');
    expect(await get('/debug/clusterz')).toMatchObject({
      type: expect.stringContaining('application/json'),
      text: '[{"id":"one","secretName":"","syncStatus":"synced"}]',
    });
    expect((await get('/debug/clusterz?pretty')).text).toContain('\n    "id": "one",');
  } finally {
    await server.close();
  }
});

test("on loopback a request for somebody else's name is refused, so that no web page reads along", async () => {
  const instance = createMesh();
  const server = serverOf(instance);
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const statusFor = (name: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request({ host, port, path: '/debug/problems', headers: { host: name }, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  try {
    expect(await statusFor('rebound.example:80')).toBe(403);
    for (const name of ['localhost', `127.0.0.1:${port}`, '[::1]:1', 'LOCALHOST:99']) expect(await statusFor(name)).toBe(200);
  } finally {
    await server.close();
  }
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address;

(outside === undefined ? test.skip : test)(
  'DB-005 bound beyond loopback, /debug answers nobody without the token of a workload in the root namespace',
  async () => {
    const server = serverOf(createMesh(), [
      {
        authenticate: async ({ headers }) => {
          const namespace = /^Bearer (\S+)$/.exec(String(headers['authorization']))?.[1];
          if (namespace === undefined) throw new AuthenticationError('no token');
          return { trustDomain: 'cluster.local', namespace, serviceAccount: 'a' };
        },
      },
    ]);
    const { port } = await server.listen({ host: '0.0.0.0', port: 0 });
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`http://${outside}:${port}${path}`, { headers: { connection: 'close', ...headers } })).status;
    try {
      for (const path of ['/debug', '/debug/problems', '/debug/config_dump?proxyID=a.b', '/debug/../debug/configz', '/debug%2fproblems'])
        expect([path, [401, 404].includes(await status(path))]).toEqual([path, true]);
      expect(await status('/debug/problems')).toBe(401);
      expect(await status('/debug/problems', { authorization: 'Basic YTpi' })).toBe(401);
      // Who is behind a proxy says nothing that counts.
      expect(await status('/debug/problems', { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' })).toBe(401);
      expect(await status('/debug/problems', { authorization: 'Bearer istio-system' })).toBe(200);
      expect(await status('/debug/problems', { authorization: 'Bearer shop' })).toBe(403);
      expect(await status('/ready')).toBe(200);
    } finally {
      await server.close();
    }
  },
);
