import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow, Kind } from '../api/kinds.js';
import { Graph, type Query } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import type { Mesh } from '../model/mesh.js';
import { parseNode } from '../model/proxy-node.js';
import type { EncodedResource } from './encode.js';
import { defineListenerViews } from './listeners.js';

let mesh: Mesh;
let view: Query<string, readonly (readonly EncodedResource[])[]>;

function put(kind: Kind, name: string, spec: object): void {
  const row = { kind, apiVersion: 'v1', metadata: { name, namespace: 'edge', labels: {}, annotations: {} }, spec, createdAt: 0 };
  mesh.graph.transaction(() => mesh.rows.of(kind).set(row as unknown as AnyRow as never));
}
function router(ip: string, labels: Record<string, string> = { app: 'edge' }): string {
  const proxy = parseNode({ id: `router~${ip}~p.edge~edge.svc.cluster.local`, metadata: { NAMESPACE: 'edge', LABELS: labels } });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return proxy.key;
}
const listeners = (proxy: string): readonly EncodedResource[] => view.get(proxy).flat();
const names = (proxy: string): string[] => listeners(proxy).map(({ name }) => name);
const virtualService = (protocol: 'http' | 'tcp', host: string) =>
  put('VirtualService', protocol, { hosts: ['*'], gateways: ['web'], [protocol]: [{ route: [{ destination: { host } }] }] });

beforeEach(() => {
  mesh = defineMesh(new Graph());
  const views = defineListenerViews(mesh);
  view = mesh.graph.query('test', (key: string) => views.chunks(key));
  put('Gateway', 'web', {
    selector: { app: 'edge' },
    servers: [
      { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
      { port: { number: 90, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
    ],
  });
  virtualService('http', 'a');
  virtualService('tcp', 'a');
});

describe('listeners of gateways', () => {
  test('GW-001 only proxies that the selector takes have them', () => {
    expect(names(router('10.0.0.1'))).toEqual(['0.0.0.0_80', '0.0.0.0_90']);
    expect(names(router('10.0.0.2', { app: 'other' }))).toEqual([]);
  });

  test('replicas share every byte', () => expect(view.get(router('10.0.0.1'))[0]).toBe(view.get(router('10.0.0.2'))[0]));

  test('GW-010 a stream without a route has no listener until one is there', () => {
    const proxy = router('10.0.0.1');
    mesh.graph.transaction(() => mesh.rows.of('VirtualService').delete('edge/tcp'));
    expect(names(proxy)).toEqual(['0.0.0.0_80']);
    virtualService('tcp', 'b');
    expect(names(proxy)).toEqual(['0.0.0.0_80', '0.0.0.0_90']);
  });

  test('an edited route of HTTP leaves listeners as they are; one of a stream replaces only its own', () => {
    const proxy = router('10.0.0.1');
    const [chunk] = view.get(proxy);
    virtualService('http', 'b');
    expect(view.get(proxy)[0]).toBe(chunk);
    virtualService('tcp', 'b');
    const [http, tcp] = listeners(proxy);
    expect(http).toBe(chunk?.[0]);
    expect(tcp).not.toBe(chunk?.[1]);
  });
});
