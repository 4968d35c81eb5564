import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { MESH_ROOTS } from '../model/mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { createMesh } from '../server/mesh-instance.js';
import { openAuthority } from '../server/trust.js';
import { resourceToJson } from './json.js';
import { PROXY_CONFIG_TYPE } from './type-urls.js';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const rootOf = async (name: string): Promise<string> => (await openAuthority({ dataDir: join(folder, name), trustDomain: name })).rootPem;

test('XD-022: an agent that asks is told the roots of the mesh and those of its ProxyConfig, one by one, and of each change', async () => {
  const [old, young, extra] = [await rootOf('old'), await rootOf('young'), await rootOf('extra')];
  const { mesh, views } = createMesh();
  const metadata = { ISTIO_VERSION: '1.29.0', PROXY_CONFIG: { caCertificatesPem: [extra, 'junk', old] } };
  const proxy = parseNode({ id: 'sidecar~10.0.0.7~web-1.shop~shop.svc.cluster.local', metadata });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  let stale = 0;
  const watch = views.watch(proxy.key, PROXY_CONFIG_TYPE, undefined, () => stale++);
  const told = () => watch.read().chunks.flat().map(resourceToJson);
  const trust = (rootPem: string) => mesh.graph.transaction(() => mesh.rows.roots.set({ id: MESH_ROOTS, rootPem }));
  expect(told()).toEqual([]);
  trust(old);
  expect(told()).toEqual([{ caCertificatesPem: [old, extra] }]);
  trust(`${old}${young}`);
  expect(stale).toBe(2);
  expect(told()).toEqual([{ caCertificatesPem: [old, young, extra] }]);
});
