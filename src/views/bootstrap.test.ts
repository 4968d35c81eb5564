import { expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { resourceToJson } from './json.js';
import { BOOTSTRAP_TYPE } from './type-urls.js';

const FILTER = `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: boot, namespace: shop }
spec:
  configPatches:
    - { applyTo: BOOTSTRAP, patch: { operation: MERGE, value: { stats_flush_interval: 7s, static_resources: { clusters: [{ name: extra }] } } } }
    - { applyTo: BOOTSTRAP, match: { context: GATEWAY }, patch: { operation: MERGE, value: { stats_flush_interval: 9s } } }
`;

function served(type: string, namespace = 'shop') {
  const { mesh, views } = createMesh();
  addResources(mesh, parseResources(FILTER).resources);
  const proxy = parseNode({ id: `${type}~10.0.0.1~web.${namespace}~${namespace}.svc.cluster.local` });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const resources = views
    .watch(proxy.key, BOOTSTRAP_TYPE, undefined, () => undefined)
    .read()
    .chunks.flat();
  const report = views.patchReport(proxy.key, () => []);
  const patched = views.patchedBootstrap(proxy.key, { static_resources: { clusters: [{ name: 'own' }] } });
  return { json: resources.map(resourceToJson), applied: report.applied, patched };
}

test('XD-027: an agent that asks is served what EnvoyFilters lay over its bootstrap', () => {
  expect(served('sidecar').json).toMatchObject([{ statsFlushInterval: '7s', staticResources: { clusters: [{ name: 'extra' }] } }]);
  expect(served('sidecar').applied).toEqual(['shop/boot#0']);
  expect(served('router').json).toMatchObject([{ statsFlushInterval: '9s' }]);
  expect(served('sidecar', 'other').json).toEqual([]);
});

test('EF-015: patches are merged into a bootstrap, lists appended; without any it stays as it was', () => {
  expect(served('sidecar').patched).toEqual({ stats_flush_interval: '7s', static_resources: { clusters: [{ name: 'own' }, { name: 'extra' }] } });
  expect(served('sidecar', 'other').patched).toEqual({ static_resources: { clusters: [{ name: 'own' }] } });
});
