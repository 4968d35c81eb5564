import { request } from 'node:http';
import { expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { createDebugServer, type DebugParts } from './http.js';

test('/debug/analysis tells what is found at present', async () => {
  const instance = createMesh();
  const server = createDebugServer({ ...instance, isReady: () => true, problems: () => [] } as unknown as DebugParts);
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

test("on loopback a request for somebody else's name is refused, so that no web page reads along", async () => {
  const instance = createMesh();
  const server = createDebugServer({ ...instance, isReady: () => true, problems: () => [] } as unknown as DebugParts);
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
