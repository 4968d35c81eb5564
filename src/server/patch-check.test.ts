import { describe, expect, test } from '@jest/globals';
import { defineAnalysis } from '../analysis/index.js';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import { addResources, createMesh } from './mesh-instance.js';
import { patchCheck } from './patch-check.js';

const merge = (match: object) => ({ applyTo: 'CLUSTER', match, patch: { operation: 'MERGE', value: { connect_timeout: '2s' } } });
const filter = (name: string, ...configPatches: object[]): string =>
  JSON.stringify({ apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata: { namespace: 'a', name }, spec: { configPatches } });

/** Findings about EnvoyFilters, with this many sidecars connected. */
function findings(proxies: number, ...documents: string[]): readonly string[] {
  const { mesh, views } = createMesh();
  addResources(mesh, parseResources(documents.join('\n---\n')).resources);
  for (let i = 1; i <= proxies; i++) {
    const proxy = parseNode({ id: `sidecar~10.0.0.${i}~p${i}.a~a.svc.cluster.local`, metadata: { NAMESPACE: 'a' } });
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  }
  return defineAnalysis(mesh, { extra: [patchCheck(views)] })
    .findings()
    .map(({ resource, field, code }) => `${resource.name} ${field} ${code}`);
}

describe('EF-020 patches that do nothing are told', () => {
  const lost = merge({ cluster: { name: 'nobody' } });
  const found = merge({ cluster: { name: 'PassthroughCluster' } });
  test('once, whatever the number of proxies, at their place', () => {
    expect(findings(3, filter('f', found, lost))).toEqual(['f spec.configPatches[1] unmatched-patch']);
  });
  test('but not while no proxy is connected that they are for', () => {
    expect(findings(0, filter('f', lost))).toEqual([]);
    expect(findings(1, filter('f', merge({ proxy: { metadata: { LANE: 'x' } } })))).toEqual([]);
  });
  test('a virtual host that is there counts as matched', () => {
    const host = (name: string) => ({
      applyTo: 'VIRTUAL_HOST',
      match: { context: 'SIDECAR_OUTBOUND', routeConfiguration: { vhost: { name } } },
      patch: { operation: 'MERGE', value: { request_headers_to_remove: ['x'] } },
    });
    const service = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'a', name: 'api' },
      spec: { clusterIP: '10.1.0.1', clusterIPs: ['10.1.0.1'], ports: [{ name: 'http', port: 80 }] },
    });
    const told = findings(1, service, filter('f', host('api.a.svc.cluster.local:80'), host('nobody')));
    expect(told.filter((line) => line.includes('patch'))).toEqual(['f spec.configPatches[1] unmatched-patch']);
  });
});
