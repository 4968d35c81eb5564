/**
 * What `istioctl proxy-config` makes of a dump (IC-003): each reader below takes from the messages what the command of that name prints, in the way
 * in which it does so. The dump is ours; Envoy's own holds the same messages. https://istio.io/latest/docs/reference/commands/istioctl/#istioctl-proxy-config
 */
import { X509Certificate } from 'node:crypto';
import { SecretsConfigDump } from '@envoyproxy/xds-protos/envoy/admin/v3/config_dump.js';
import {
  ClustersConfigDump,
  EcdsConfigDump,
  EndpointsConfigDump,
  ListenersConfigDump,
  RoutesConfigDump,
} from '@envoyproxy/xds-protos/envoy/admin/v3/config_dump_shared.js';
import { Cluster, Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { Address } from '@envoyproxy/xds-protos/envoy/config/core/v3/address.js';
import type { Metadata } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import { HttpConnectionManager } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { TcpProxy } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.js';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorityOf, reviews } from '../ca/testing/material.js';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { envoyDump } from './served.js';

const MESH = `apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: default }
spec: { clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1, 'fd00:9::1'], selector: { app: reviews }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: tcp, port: 90 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: reviews-1, namespace: default, labels: { app: reviews, version: v1, security.istio.io/tlsMode: istio } }
spec: { serviceAccountName: reviews, nodeName: n1 }
status: { podIP: 10.0.0.7, phase: Running, conditions: [{ type: Ready, status: 'True' }] }
---
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { topology.kubernetes.io/region: east, topology.kubernetes.io/zone: a } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: by-version, namespace: default }
spec: { host: reviews, subsets: [{ name: v1, labels: { version: v1 } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: canary, namespace: default }
spec: { hosts: [reviews], http: [{ match: [{ uri: { prefix: /v1 } }], route: [{ destination: { host: reviews, subset: v1 } }] }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: unix, namespace: default }
spec: { hosts: [local.example], resolution: STATIC, ports: [{ name: http, number: 81, protocol: HTTP }], endpoints: [{ address: unix:///run/app.sock }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: mesh-route, namespace: default }
spec: { parentRefs: [{ kind: Service, group: '', name: ratings, port: 80 }], rules: [{ backendRefs: [{ name: reviews, port: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: ratings, namespace: default }
spec: { clusterIP: 10.9.0.2, ports: [{ name: http, port: 80 }] }
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: own, namespace: default }
spec: { url: file:///etc/own.wasm }
`;

let sections: ReadonlyMap<string, Uint8Array>;
beforeAll(async () => {
  const { mesh, views } = createMesh();
  addResources(mesh, parseResources(MESH).resources);
  const identity = 'spiffe://cluster.local/ns/default/sa/reviews';
  const id = 'sidecar~10.0.0.7~reviews-1.default~default.svc.cluster.local';
  const proxy = parseNode({ id, metadata: { NAMESPACE: 'default', CLUSTER_ID: 'Kubernetes', INSTANCE_IPS: '10.0.0.7,fd00::7' } }, identity);
  const { certChainPem, privateKeyPem, rootPem } = await (await authorityOf()).issueWorkload({ identity: reviews });
  mesh.graph.transaction(() => {
    mesh.rows.proxies.set(proxy);
    mesh.rows.certificates.set({ id: identity, certChainPem, privateKeyPem, rootPem });
  });
  sections = new Map(
    envoyDump(views, proxy.key, { endpoints: true }).map(({ typeUrl, value }) => [typeUrl.slice(typeUrl.lastIndexOf('/') + 1), value]),
  );
});
/** A section of the dump, found by its type. */
const section = <T>(type: { $type: string; decode(bytes: Uint8Array): T }): T => type.decode(sections.get(type.$type) ?? new Uint8Array());
const bytesOf = (any: Any | undefined): Uint8Array => any?.value ?? new Uint8Array();

/** `direction|port|subset|host`, or with `_.` between them in the form for SNI; other names are shown as they are. */
function subsetKey(name: string): [host: string, port: number, subset: string, direction: string] {
  const separator = /^(out|in)bound_\./.test(name) ? '_.' : '|';
  const parts = name.split(separator);
  if (parts.length < 4) return [name, 0, '', ''];
  const [direction = '', port, subset = '', host = ''] = parts;
  return [host, Number(port), subset, direction];
}
/** `NAME.NAMESPACE` of the resource that a path of eight parts names. */
function management(metadata: Metadata | undefined): string {
  const path = (metadata?.filterMetadata['istio'] as { config?: string } | undefined)?.config ?? '';
  const parts = path.split('/');
  return parts.length === 8 && path.startsWith('/apis/networking.istio.io/') ? `${parts[7]}.${parts[5]}` : path;
}
const socket = (address: Address | undefined) => (address?.address?.$case === 'socketAddress' ? address.address.value : undefined);
const portOf = (address: Address | undefined): number => {
  const port = socket(address)?.portSpecifier;
  return port?.$case === 'portValue' ? port.value : 0;
};

describe('IC-003', () => {
  test('proxy-config cluster: the name is direction, port, subset and host; the rule is in the metadata', () => {
    const clusters = section(ClustersConfigDump).dynamicActiveClusters.map(({ cluster }) => Cluster.decode(bytesOf(cluster)));
    const rows = clusters.map((cluster) => [
      ...subsetKey(cluster.name),
      cluster.clusterDiscoveryType?.$case === 'type' ? Cluster_DiscoveryType[cluster.clusterDiscoveryType.value] : '',
      management(cluster.metadata),
    ]);
    const host = 'reviews.default.svc.cluster.local';
    expect(rows).toContainEqual([host, 80, '', 'outbound', 'EDS', 'by-version.default']);
    expect(rows).toContainEqual([host, 80, 'v1', 'outbound', 'EDS', 'by-version.default']);
    expect(rows).toContainEqual(['', 8080, '', 'inbound', 'ORIGINAL_DST', '']);
    expect(rows).toContainEqual(['BlackHoleCluster', 0, '', '', 'STATIC', '']);
    expect(rows).toContainEqual(['PassthroughCluster', 0, '', '', 'ORIGINAL_DST', '']);
    for (const [name, port, , direction] of rows)
      if (direction !== '') expect([name, Number.isInteger(port), ['inbound', 'outbound'].includes(String(direction))]).toEqual([name, true, true]);
  });

  test('proxy-config listener: a socket each, further sockets beside it, and where its chains lead', () => {
    const listeners = section(ListenersConfigDump).dynamicListeners.map(({ activeState }) => Listener.decode(bytesOf(activeState?.listener)));
    const rows = listeners.map((listener) => [
      [listener.address, ...listener.additionalAddresses.map(({ address }) => address)].map((address) => socket(address)?.address),
      portOf(listener.address),
      [
        ...new Set(
          [...listener.filterChains, ...(listener.defaultFilterChain ? [listener.defaultFilterChain] : [])].map((chain) => leadsTo(chain.filters)),
        ),
      ].sort(),
    ]);
    expect(rows).toContainEqual([['0.0.0.0', '::'], 80, ['PassthroughCluster', 'Route: 80']]);
    expect(rows).toContainEqual([['10.9.0.1', 'fd00:9::1'], 90, ['Cluster: outbound|90||reviews.default.svc.cluster.local']]);
    expect(rows).toContainEqual([['0.0.0.0', '::'], 15001, ['Non-HTTP/Non-TCP', 'PassthroughCluster']]);
    expect(rows.find(([, port]) => port === 15006)?.[2]).toEqual(
      expect.arrayContaining(['Cluster: inbound|8080||', 'Cluster: inbound|90||', 'InboundPassthroughCluster']),
    );
  });

  test('proxy-config route: virtual hosts with domains and matches, each route with its VirtualService', () => {
    const routes = section(RoutesConfigDump).dynamicRouteConfigs.map(({ routeConfig }) => RouteConfiguration.decode(bytesOf(routeConfig)));
    expect(routes.map(({ name }) => name)).toEqual(expect.arrayContaining(['80', '81']));
    const rows = routes.flatMap(({ name, virtualHosts }) =>
      virtualHosts.flatMap((host) =>
        host.routes.map((route) => [name, host.name, host.domains.length > 0, route.match?.pathSpecifier, management(route.metadata)]),
      ),
    );
    const path = { $case: 'prefix', value: '/v1' };
    expect(rows).toContainEqual(['80', 'reviews.default.svc.cluster.local:80', true, path, 'canary.default']);
    expect(rows.map(([, , , , rule]) => rule)).not.toContain('<unknown>');
    for (const [, , , , rule] of rows) expect(rule).toMatch(/^([^/]+\.[^/]+)?$/);
  });

  test('proxy-config endpoint: an address or a socket file, health, place and cluster', () => {
    const assignments = section(EndpointsConfigDump).dynamicEndpointConfigs.map(({ endpointConfig }) =>
      ClusterLoadAssignment.decode(bytesOf(endpointConfig)),
    );
    const rows = assignments.flatMap(({ clusterName, endpoints }) =>
      endpoints.flatMap(({ locality, lbEndpoints }) =>
        lbEndpoints.map(({ hostIdentifier }) => {
          const address = hostIdentifier?.$case === 'endpoint' ? hostIdentifier.value.address : undefined;
          const pipe = address?.address?.$case === 'pipe' ? address.address.value.path : undefined;
          return [pipe ?? `${socket(address)?.address}:${portOf(address)}`, `${locality?.region}/${locality?.zone}`, ...subsetKey(clusterName)];
        }),
      ),
    );
    const host = 'reviews.default.svc.cluster.local';
    expect(rows).toContainEqual(['10.0.0.7:8080', 'east/a', host, 80, '', 'outbound']);
    expect(rows).toContainEqual(['10.0.0.7:8080', 'east/a', host, 80, 'v1', 'outbound']);
    expect(rows).toContainEqual(['/run/app.sock', '/', 'local.example', 81, '', 'outbound']);
  });

  test('proxy-config secret: certificates as bytes of PEM, the leaf first, so that serial and dates are shown', () => {
    const secrets = section(SecretsConfigDump).dynamicActiveSecrets.map(({ name, secret, versionInfo }) => {
      const { type } = Secret.decode(bytesOf(secret));
      const source =
        type?.$case === 'tlsCertificate' ? type.value.certificateChain : type?.$case === 'validationContext' ? type.value.trustedCa : undefined;
      const pem = source?.specifier?.$case === 'inlineBytes' ? Buffer.from(source.specifier.value).toString() : '';
      const certificate = new X509Certificate(pem);
      return [name, certificate.ca ? 'CA' : 'Cert Chain', certificate.subjectAltName ?? '', versionInfo !== 'uninitialized'];
    });
    expect(secrets).toContainEqual(['default', 'Cert Chain', 'URI:spiffe://cluster.local/ns/default/sa/reviews', true]);
    expect(secrets).toContainEqual(['ROOTCA', 'CA', expect.any(String), true]);
  });

  test('proxy-config ecds: the section is there', () => {
    expect(section(EcdsConfigDump).ecdsFilters.every(({ ecdsFilter }) => ecdsFilter !== undefined)).toBe(true);
  });
});

/** The column DESTINATION; of clusters that are named after what they do the name alone. */
function leadsTo(filters: readonly Filter[]): string {
  for (const { name, configType } of filters) {
    const any = configType?.$case === 'typedConfig' ? configType.value : undefined;
    if (name === 'envoy.filters.network.http_connection_manager') {
      const { routeSpecifier } = HttpConnectionManager.decode(bytesOf(any));
      if (routeSpecifier?.$case === 'rds') return `Route: ${routeSpecifier.value.routeConfigName}`;
      const [host] = routeSpecifier?.$case === 'routeConfig' ? routeSpecifier.value.virtualHosts : [];
      const action = host?.routes[0]?.action;
      return action?.$case === 'route' && action.value.clusterSpecifier?.$case === 'cluster'
        ? clusterCell(action.value.clusterSpecifier.value)
        : 'HTTP';
    }
    if (name === 'envoy.filters.network.tcp_proxy') {
      const { clusterSpecifier } = TcpProxy.decode(bytesOf(any));
      const cluster = clusterSpecifier?.$case === 'cluster' ? clusterSpecifier.value : '';
      if (cluster !== 'BlackHoleCluster') return clusterCell(cluster);
    }
  }
  return 'Non-HTTP/Non-TCP';
}
const clusterCell = (cluster: string): string => (cluster.includes('Cluster') ? cluster : `Cluster: ${cluster}`);
