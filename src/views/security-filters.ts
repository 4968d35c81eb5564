/**
 * Authentication and authorization filters of workloads: made once for all workloads at which the same policies hold, and put into every
 * chain of their listeners.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ExtensionProvider } from '../api/mesh-config.js';
import type { Labels } from '../model/labels.js';
import type { Mesh } from '../model/mesh.js';
import { outboundClusterName } from '../model/names.js';
import { NO_SECURITY, type SecurityFilters } from '../translate/http-filter/security.js';
import { jwtFilter } from '../translate/jwt/filter.js';
import { type Destination, type ExternalAuthorizer, externalAuthorizer } from '../translate/rbac/ext-authz.js';
import { byAction, httpAuthorization, tcpAuthorization } from '../translate/rbac/filters.js';

export interface SecurityFilterViews {
  of(workload: { readonly namespace: string; readonly labels: Labels }, side: 'sidecar' | 'gateway'): SecurityFilters;
}

export function defineSecurityFilterViews(mesh: Mesh): SecurityFilterViews {
  const { graph } = mesh;

  /** The mesh's own trust domain, then its aliases. */
  const trustDomains = graph.query(
    'trustDomains',
    (): readonly string[] => {
      const { trustDomain, trustDomainAliases } = mesh.config();
      return [trustDomain, ...trustDomainAliases];
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: name of the provider. Providers of one name: none of them can be meant. */
  const provider = graph.query(
    'authorizerSettings',
    (name: string): ExtensionProvider | undefined => {
      const named = mesh.config().extensionProviders.filter((at) => at.name === name);
      return named.length === 1 ? named[0] : undefined;
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: name of the provider. */
  const authorizer = graph.query(
    'authorizer',
    (name: string): ExternalAuthorizer | undefined => {
      const settings = provider.get(name);
      return settings && externalAuthorizer(settings, destination);
    },
    { equals: isDeepStrictEqual },
  );
  /** `hostname` of one namespace only, or `namespace/hostname`. */
  const destination = (service: string, port: number): Destination | undefined => {
    const parts = service.split('/');
    const [namespace, hostname] = parts.length === 2 ? (parts as [string, string]) : [undefined, service];
    const found = mesh.services.byHostname(hostname).filter((at) => at.refused !== true && (namespace === undefined || at.namespace === namespace));
    const [first] = found;
    if (first === undefined || found.some((at) => at.namespace !== first.namespace)) return undefined;
    return { hostname, cluster: outboundClusterName(hostname, port) };
  };

  /** Key: side, namespace and labels as JSON. */
  const filters = graph.query(
    'securityFilters',
    (key: string): SecurityFilters => {
      const [side, namespace, labels] = JSON.parse(key) as [string, string, Labels];
      const all = mesh.authorizationPolicies.of(namespace, labels);
      const authentications = mesh.requestAuthentications.of(namespace, labels);
      if (all.length + authentications.length === 0) return NO_SECURITY;
      const policies = byAction(all);
      const context = { trustDomains: trustDomains.get(''), authorizer: (name: string) => authorizer.get(name) };
      const http = httpAuthorization(policies, context);
      const tcp = tcpAuthorization(policies, context);
      const jwt = jwtFilter(authentications, {
        fetchedKeys: (source) => mesh.rows.jwks.get(source)?.jwks,
        remoteKeys: (jwksUri) => mesh.remoteKeys.clusterOf(jwksUri),
        clearRouteCache: side === 'gateway',
      });
      return { http: { custom: http.custom, jwt, rbac: http.rules }, network: tcp };
    },
    { equals: isDeepStrictEqual },
  );

  return { of: ({ namespace, labels }, side) => filters.get(JSON.stringify([side, namespace, labels])) };
}
