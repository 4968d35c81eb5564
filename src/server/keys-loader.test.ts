import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { authorityOf } from '../ca/testing/material.js';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
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

test('RA-006: what proxies fetch by themselves is not fetched here', async () => {
  const { mesh } = createMesh({ ...DEFAULT_SETTINGS, remoteJwks: 'envoy' });
  const loader = new KeysLoader({ mesh, log, allowed: ['127.0.0.1'] });
  addResources(mesh, authentication('first'));
  await loader.start();
  expect([...mesh.rows.jwks.list().keys()]).toEqual([]);
  loader.close();
});

test('RA-016: servers of keys are trusted by the CAs of a file of the operator, and not without', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-keys-'));
  const authority = await authorityOf();
  const issued = await authority.issueServer({ dnsNames: [], ips: ['127.0.0.1'] });
  const secure = createHttps({ key: issued.privateKeyPem, cert: issued.certChainPem }, (_, response) => response.end(JWKS));
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  uri = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/keys`;
  const caFile = join(folder, 'extra.pem');
  writeFileSync(caFile, authority.rootPem);
  for (const [more, keys] of [
    [{}, 0],
    [{ caFile }, 1],
  ] as const) {
    const { mesh } = createMesh();
    const loader = new KeysLoader({ mesh, log, allowed: ['127.0.0.1'], ...more });
    addResources(mesh, authentication('first'));
    await loader.start();
    expect(mesh.rows.jwks.list().size).toBe(keys);
    loader.close();
  }
  writeFileSync(caFile, 'nonsense');
  expect(() => new KeysLoader({ mesh: createMesh().mesh, log, allowed: [], caFile })).toThrow('extra.pem');
  secure.close();
  rmSync(folder, { recursive: true });
});
