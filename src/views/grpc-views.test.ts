/** What gRPC clients and servers get for the names that they ask for. XD-025. */
import type { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { decodeResource, resourceToJson } from './json.js';
import { CLUSTER_TYPE, LISTENER_TYPE, ROUTE_TYPE } from './type-urls.js';

const SERVICES = `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { clusterIP: 10.96.0.10, selector: { app: cart }, ports: [{ name: grpc, port: 7070, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: two, namespace: other }
spec: { clusterIP: 10.96.0.11, ports: [{ name: grpc, port: 80 }, { name: tcp-raw, port: 81 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: cart-1, namespace: shop, labels: { app: cart } }
spec: { serviceAccountName: cart, containers: [{ name: cart }] }
status: { phase: Running, podIP: 10.0.1.1, conditions: [{ type: Ready, status: 'True' }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: cart-1, namespace: shop, labels: { kubernetes.io/service-name: cart } }
addressType: IPv4
ports: [{ name: grpc, port: 8080 }]
endpoints: [{ addresses: [10.0.1.1], conditions: { ready: true }, targetRef: { kind: Pod, name: cart-1, namespace: shop } }]
`;
const peerAuthentication = (mode: string): string => `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: ${mode} } }
`;

function start(text: string) {
  const { mesh, views } = createMesh();
  const { resources, problems } = parseResources(text, 'test');
  expect(problems).toEqual([]);
  addResources(mesh, resources as AnyRow[]);
  const proxy = parseNode({
    id: 'sidecar~10.0.1.1~cart-1.shop~shop.svc.cluster.local',
    metadata: { GENERATOR: 'grpc', NAMESPACE: 'shop', LABELS: { app: 'cart' } },
  });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const ask = (typeUrl: string, ...names: string[]) => {
    const watch = views.watch(proxy.key, typeUrl, names, () => undefined);
    const resources_ = watch.read().chunks.flat();
    watch.close();
    return resources_;
  };
  const names = (typeUrl: string, ...asked: string[]): string[] => ask(typeUrl, ...asked).map(({ name }) => name);
  return { mesh, ask, names };
}

describe('gRPC clients', () => {
  test('XD-025: a listener has the name that was asked for, whichever form of the host', () => {
    const { names, ask } = start(SERVICES);
    const asked = ['cart.shop.svc.cluster.local:7070', 'cart:7070', 'cart.shop:7070', 'cart.shop.svc:7070', 'two.other:80', 'cart'];
    expect(names(LISTENER_TYPE, ...asked)).toEqual(asked);
    expect(JSON.stringify(resourceToJson(ask(LISTENER_TYPE, 'cart:7070')[0] as never))).toContain('outbound|7070||cart.shop.svc.cluster.local');
  });

  test('XD-025: what does not exist is not answered: ports, hosts, subsets, other kinds of names', () => {
    const { names } = start(SERVICES);
    expect(names(LISTENER_TYPE, 'cart:7071', 'cart.other:7070', 'two.other:82', '10.0.1.1', '::1')).toEqual([]);
    const service = 'cart.shop.svc.cluster.local';
    expect(names(CLUSTER_TYPE, `outbound|7070|v1|${service}`, `outbound_.7070_._.${service}`, `outbound|1||${service}`, 'cart')).toEqual([]);
    expect(names(CLUSTER_TYPE, `outbound|7070||${service}`)).toEqual([`outbound|7070||${service}`]);
  });

  test('XD-025: a route configuration holds one virtual host; a port without HTTP has one too', () => {
    const { ask } = start(SERVICES);
    const hosts = (name: string) =>
      (resourceToJson(ask(ROUTE_TYPE, name)[0] as never) as { virtualHosts?: { domains: string[] }[] }).virtualHosts ?? [];
    expect(hosts('outbound|80||two.other.svc.cluster.local').map(({ domains }) => domains)).toEqual([expect.arrayContaining(['two.other:80'])]);
    expect(hosts('outbound|81||two.other.svc.cluster.local').map(({ domains }) => domains)).toEqual([expect.arrayContaining(['two.other:81'])]);
    expect(hosts('outbound|82||two.other.svc.cluster.local')).toEqual([]);
    expect(hosts('80')).toEqual([]);
  });

  test('XD-025: an edit of another service does not touch a client', () => {
    const { mesh, ask } = start(SERVICES);
    const name = 'outbound|7070||cart.shop.svc.cluster.local';
    const before = ask(CLUSTER_TYPE, name)[0];
    addResources(mesh, parseResources(SERVICES.split('---')[1]?.replace('port: 81', 'port: 82') as string, 'test').resources as AnyRow[]);
    expect(ask(CLUSTER_TYPE, name)[0]).toBe(before);
    expect((decodeResource(before as never) as Cluster).transportSocket).toBeUndefined();
  });
});

describe('gRPC servers', () => {
  const NAME = 'xds.istio.io/grpc/lds/inbound/0.0.0.0:8080';
  /** The labels are the pod's: what a server claims of itself tells its clients nothing. */
  const isSecured = (text: string, label = ''): boolean => {
    const { ask } = start(
      text.replace('name: cart-1, namespace: shop, labels: { app: cart }', `name: cart-1, namespace: shop, labels: { app: cart${label} }`),
    );
    const json = resourceToJson(ask(LISTENER_TYPE, NAME)[0] as never) as { name: string; filterChains: { transportSocket?: unknown }[] };
    expect(json).toMatchObject({ name: NAME, address: { socketAddress: { address: '0.0.0.0', portValue: 8080 } } });
    expect(json.filterChains).toHaveLength(1);
    return json.filterChains[0]?.transportSocket !== undefined;
  };

  test('XD-025: a permissive server has TLS exactly when its label tells clients so', () => {
    expect(isSecured(SERVICES)).toBe(false);
    expect(isSecured(SERVICES, ', security.istio.io/tlsMode: istio')).toBe(true);
  });

  test('XD-025: PeerAuthentication decides otherwise', () => {
    expect(isSecured(SERVICES + peerAuthentication('STRICT'))).toBe(true);
    expect(isSecured(SERVICES + peerAuthentication('DISABLE'), ', security.istio.io/tlsMode: istio')).toBe(false);
  });

  test('XD-025: no listener for a port that no service ends at', () => {
    const { names } = start(SERVICES);
    const prefix = 'xds.istio.io/grpc/lds/inbound/';
    expect(names(LISTENER_TYPE, `${prefix}0.0.0.0:7070`, `${prefix}0.0.0.0`, `${prefix}[::]:8080`)).toEqual([`${prefix}[::]:8080`]);
  });
});
