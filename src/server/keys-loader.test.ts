import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseResources } from '../sources/load.js';
import { createLog } from '../telemetry/log.js';
import { KeysLoader } from './keys-loader.js';
import { addResources, createMesh } from './mesh-instance.js';

const JWKS = JSON.stringify({ keys: [{ kty: 'OKP', kid: 'a', crv: 'Ed25519', x: 'tellx-dtwMnnKBvIzkv6QZTHmuT6vMuI40sePPN4WrE' }] });
const log = createLog({ format: 'json', level: 'silent' });

let server: Server;
let uri: string;

beforeEach(async () => {
  server = createServer((_, response) => response.end(JWKS));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
});
afterEach(() => void server.close());

const authentication = (name: string): ReturnType<typeof parseResources>['resources'] =>
  parseResources(
    `apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: ${name}, namespace: shop}\nspec: {jwtRules: [{issuer: me, jwksUri: '${uri}'}]}\n`,
    'test.yaml',
  ).resources;

test('RA-004: keys are there when the start is over, come with new policies and go with the last', async () => {
  const { mesh } = createMesh();
  const loader = new KeysLoader({ mesh, log, allowed: ['127.0.0.1'] });
  addResources(mesh, authentication('first'));
  await loader.start();
  expect(mesh.rows.jwks.get(`keys ${uri}`)?.jwks).toBe(JWKS);

  mesh.graph.transaction(() => mesh.rows.of('RequestAuthentication').delete('shop/first'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(mesh.rows.jwks.get(`keys ${uri}`)).toBeUndefined();
  loader.close();
});

test('RA-015: without leave nothing is fetched from loopback', async () => {
  const { mesh } = createMesh();
  const loader = new KeysLoader({ mesh, log, allowed: [] });
  addResources(mesh, authentication('first'));
  await loader.start();
  expect([...mesh.rows.jwks.list().keys()]).toEqual([]);
  loader.close();
});
