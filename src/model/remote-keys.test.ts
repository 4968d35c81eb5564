import { expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { Graph } from '../graph/graph.js';
import { DEFAULT_SETTINGS, defineMesh } from './define-mesh.js';
import type { Mesh } from './mesh.js';
import type { RemoteJwks } from './remote-keys.js';

function meshIn(remoteJwks: RemoteJwks): Mesh {
  return defineMesh(new Graph(), { ...DEFAULT_SETTINGS, remoteJwks });
}
function entry(mesh: Mesh, namespace: string, host: string): void {
  const spec = { hosts: [host], ports: [{ number: 443, name: 'https', protocol: 'HTTPS' }], resolution: 'DNS' };
  const metadata = { name: 'idp', namespace, labels: {}, annotations: {} };
  mesh.graph.transaction(() =>
    mesh.rows.of('ServiceEntry').set({ kind: 'ServiceEntry', apiVersion: 'networking.istio.io/v1', metadata, spec, createdAt: 0 } as AnyRow as never),
  );
}
const KNOWN = 'https://idp.example/keys';
const CLUSTER = 'outbound|443||idp.example';

test('RA-006: by default the control plane fetches all keys', () => {
  const mesh = meshIn('istiod');
  entry(mesh, 'shop', 'idp.example');
  expect(mesh.remoteKeys.clusterOf(KNOWN)).toBeUndefined();
});

test('RA-006: hybrid: proxies fetch from services of the mesh, as long as it is clear which one is meant', () => {
  const mesh = meshIn('hybrid');
  expect(mesh.remoteKeys.clusterOf(KNOWN)).toBeUndefined();
  entry(mesh, 'shop', 'idp.example');
  expect(mesh.remoteKeys.clusterOf(KNOWN)).toBe(CLUSTER);
  expect(mesh.remoteKeys.clusterOf('http://idp.example/keys')).toBe('outbound|80||idp.example');
  expect(mesh.remoteKeys.clusterOf('http://IDP.example:8080/keys')).toBe('outbound|8080||idp.example');
  entry(mesh, 'other', 'idp.example');
  expect(mesh.remoteKeys.clusterOf(KNOWN)).toBeUndefined();
});

test('RA-006: envoy: proxies fetch, also by a cluster that is not there, which refuses every token', () => {
  const mesh = meshIn('envoy');
  expect(mesh.remoteKeys.clusterOf(KNOWN)).toBe(CLUSTER);
  for (const odd of ['', 'keys', 'file:///etc/passwd', 'javascript:1']) expect(mesh.remoteKeys.clusterOf(odd)).toBeUndefined();
});
