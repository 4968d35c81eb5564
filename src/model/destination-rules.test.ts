import { describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { parseNode } from './proxy-node.js';
import type { Service } from './service.js';

const rule = (name: string, namespace: string, host: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: ${namespace} }
spec: { host: '${host}', ${more} }
---`;
const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: a, namespace: back }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
---`;
const HOST = 'a.back.svc.cluster.local';

/** Keys of the rules that a client of a namespace gets for the service. */
function chosen(yaml: string, client = 'front', options: { labels?: Record<string, string>; inbound?: boolean; mesh?: string } = {}): string {
  const { mesh } = createMesh();
  addResources(mesh, [...parseResources(SERVICE + yaml, 'test.yaml').resources] as AnyRow[]);
  if (options.mesh !== undefined) {
    const row = {
      kind: 'MeshConfig',
      apiVersion: 'v1',
      metadata: { name: 'mesh', namespace: '', labels: {}, annotations: {} },
      spec: JSON.parse(options.mesh) as object,
      createdAt: 0,
    };
    addResources(mesh, [row as unknown as AnyRow]);
  }
  const proxy = parseNode({
    id: `sidecar~10.9.9.9~x.${client}~${client}.svc.cluster.local`,
    metadata: { NAMESPACE: client, LABELS: options.labels ?? {} },
  });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const [service] = mesh.services.byHostname(HOST) as [Service];
  return mesh.destinationRules.selectKeys(mesh.proxies.outboundScope(proxy.key), service, options.inbound);
}

describe('choice of DestinationRules', () => {
  const everywhere = rule('f', 'front', '*.cluster.local') + rule('b', 'back', 'a') + rule('r', 'istio-system', HOST);

  test("DR-002 the client's namespace, then the service's, then the root namespace", () => {
    expect(chosen(everywhere)).toBe('front/f');
    expect(chosen(everywhere, 'other')).toBe('back/b');
    expect(chosen(rule('r', 'istio-system', HOST), 'other')).toBe('istio-system/r');
    expect(chosen(rule('o', 'elsewhere', HOST), 'other')).toBe('');
  });
  test('DR-002 for proxies of the root namespace its public rules come last', () => {
    expect(chosen(everywhere, 'istio-system')).toBe('back/b');
    expect(chosen(everywhere + rule('p', 'istio-system', HOST, "exportTo: ['.']"), 'istio-system')).toBe('istio-system/p');
  });
  test('DR-004 exportTo hides a rule, also by the mesh default', () => {
    expect(chosen(rule('b', 'back', 'a', "exportTo: ['.']"))).toBe('');
    expect(chosen(rule('b', 'back', 'a', 'exportTo: [front]'))).toBe('back/b');
    expect(chosen(rule('b', 'back', 'a', 'exportTo: [front]'), 'other')).toBe('');
    const mesh = '{"defaultDestinationRuleExportTo":["."]}';
    expect(chosen(rule('b', 'back', 'a'), 'front', { mesh })).toBe('');
    expect(chosen(rule('b', 'back', 'a'), 'back', { mesh })).toBe('back/b');
  });
  test('DR-005 DR-031 a rule for chosen workloads beats the general one, but not for the server itself', () => {
    const yaml = rule('general', 'back', 'a') + rule('chosen', 'back', 'a', 'workloadSelector: { matchLabels: { app: x } }');
    expect(chosen(yaml, 'back', { labels: { app: 'x' } })).toBe('back/chosen');
    expect(chosen(yaml, 'back', { labels: { app: 'y' } })).toBe('back/general');
    expect(chosen(yaml, 'back', { labels: { app: 'x' }, inbound: true })).toBe('back/general');
    expect(chosen(yaml, 'front', { labels: { app: 'x' } })).toBe('back/general');
  });
  test('DR-003 rules for one host in one namespace count as one', () => {
    expect(chosen(rule('one', 'back', 'a') + rule('two', 'back', HOST))).toBe('back/one,back/two');
  });
});
