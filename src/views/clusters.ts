/**
 * CDS: a proxy's clusters as chunks, one per namespace of its services, one of its own ports, one that is always there. Each cluster is
 * encoded once for all scopes that get the same one.
 */

import { sameElements } from '../graph/equality.js';
import { hasCredentialSocket } from '../model/certificate-source.js';
import type { Mesh } from '../model/mesh.js';
import { type EndpointScope, type InboundScope, type OutboundScope, scopeOf } from '../model/scope.js';
import type { Service } from '../model/service.js';
import { unknownHostsDnsCache } from '../translate/cluster/dns-cache.js';
import { externalSdsCluster } from '../translate/cluster/external-sds.js';
import { namedForMetrics } from '../translate/cluster/metric-facts.js';
import { allowAnyDynamicDnsCluster, blackHoleCluster, passthroughCluster } from '../translate/cluster/passthrough.js';
import { exchangingCluster } from '../translate/peer-exchange.js';
import { encodeCluster, keepsHeaderCase } from './cluster-encoding.js';
import { type EncodedResource, sameResource } from './encode.js';
import { assignmentInputs } from './endpoints.js';
import { defineInboundClusters } from './inbound-clusters.js';
import { defineOutboundClusters } from './outbound-clusters.js';

export interface ClusterViews {
  /** All clusters of a proxy; chunks are shared between proxies. */
  chunks(proxyKey: string): readonly (readonly EncodedResource[])[];
}

const sameResources = (a: readonly EncodedResource[], b: readonly EncodedResource[]): boolean =>
  a.length === b.length && a.every((resource, i) => sameResource(resource, b[i]));

export function defineClusterViews(mesh: Mesh): ClusterViews {
  const { graph, sidecarScopes } = mesh;
  const outbound = defineOutboundClusters(mesh, assignmentInputs(mesh));
  const inbound = defineInboundClusters(mesh);

  /** Key: outbound scope and namespace. DNS services have a chunk of their own: they depend on the client's place. */
  const chunk = graph.query(
    'clusterChunk',
    (text: string): readonly EncodedResource[] => {
      const { scope, namespace } = parse(text);
      return servicesOf(scope, namespace, false).flatMap((service) => outbound.clusters(scope, service, ''));
    },
    { equals: sameElements },
  );
  /** Key: endpoint scope and namespace. */
  const dnsChunk = graph.query(
    'dnsClusterChunk',
    (text: string): readonly EncodedResource[] => {
      const [scopeId, namespace] = splitAt(text);
      const endpointScope = scopeOf<EndpointScope>(scopeId);
      const scope = scopeOf<OutboundScope>(endpointScope.outbound);
      return servicesOf(scope, namespace, true).flatMap((service) => outbound.clusters(scope, service, endpointScope.id));
    },
    { equals: sameElements },
  );
  const dnsNamespaces = graph.query(
    'dnsNamespaces',
    (scopeId: string): readonly string[] => {
      const scope = scopeOf<OutboundScope>(scopeId);
      return sidecarScopes.namespaces(scope).filter((namespace) => servicesOf(scope, namespace, true).length > 0);
    },
    { equals: sameElements },
  );
  const servicesOf = (scope: OutboundScope, namespace: string, dns: boolean): readonly Service[] =>
    sidecarScopes
      .servicesIn(scope, namespace)
      .filter(({ resolution }) => resolution !== 'Alias' && (resolution === 'DNS' || resolution === 'DNSRoundRobin') === dns)
      .filter((service) => mesh.gatewayServices.needs(scope, service));

  /** Key: outbound scope. Gateways have no original destination, so nothing to pass through to. */
  const fixed = graph.query(
    'fixedClusters',
    (scopeId: string): readonly EncodedResource[] => {
      const scope = scopeOf<OutboundScope>(scopeId);
      const config = mesh.config();
      const clusters = [blackHoleCluster(config)];
      if (scope.type === 'sidecar') {
        const keepCase = keepsHeaderCase(mesh, scope.proxyConfig);
        const exchange = exchangingCluster(scope.peerExchange === true);
        clusters.push({ ...passthroughCluster(config, keepCase), ...exchange });
        if (sidecarScopes.outboundTrafficPolicy(scope) === 'ALLOW_ANY_DYNAMIC_DNS')
          clusters.push({ ...allowAnyDynamicDnsCluster(config, unknownHostsDnsCache(scope), keepCase, scope.certificates), ...exchange });
      }
      if (hasCredentialSocket(scope.certificates)) clusters.push(externalSdsCluster(config));
      return (scope.metricFacts ? clusters.map(namedForMetrics) : clusters).map(encodeCluster);
    },
    { equals: sameResources },
  );
  /** Key: inbound scope. */
  const inboundChunk = graph.query('inboundClusters', (scopeId: string) => inbound.clusters(scopeOf<InboundScope>(scopeId)), {
    equals: sameResources,
  });

  return {
    chunks(proxyKey) {
      const scope = mesh.proxies.outboundScope(proxyKey);
      const endpointScope = mesh.proxies.endpointScope(proxyKey);
      return [
        ...sidecarScopes.namespaces(scope).map((namespace) => chunk.get(`${scope.id}~${namespace}`)),
        ...dnsNamespaces.get(scope.id).map((namespace) => dnsChunk.get(`${endpointScope.id}~${namespace}`)),
        fixed.get(scope.id),
        ...(scope.type === 'sidecar' ? [inboundChunk.get(mesh.proxies.inboundScope(proxyKey).id)] : []),
      ];
    },
  };
}

function parse(text: string): { scope: OutboundScope; namespace: string } {
  const [scopeId, namespace] = splitAt(text);
  return { scope: scopeOf<OutboundScope>(scopeId), namespace };
}

function splitAt(text: string): [string, string] {
  const at = text.indexOf('~');
  return [text.slice(0, at), text.slice(at + 1)];
}
