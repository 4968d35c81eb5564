/**
 * Which credentials a proxy's configuration names (GW-012). Nothing else is handed out: a Secret that merely lies in the same namespace, such as
 * the key of the mesh's CA, stays where it is.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Graph } from '../graph/graph.js';
import { CA_SUFFIX } from './credential-name.js';
import { isGatewayApi } from './derived-rows.js';
import type { Mesh } from './mesh.js';
import { type OutboundScope, scopeOf } from './scope.js';

/** What a name is used for: a certificate with its key, or the CA that peers are checked against. */
export type CredentialUse = 'certificate' | 'ca';

export interface Credentials {
  /** `credentialName`s of the Gateways that select a router and of all DestinationRules, as written or with the suffix for their CA. */
  named(scope: OutboundScope): ReadonlyMap<string, CredentialUse>;
  /** Those of Gateway API's listeners: a ReferenceGrant, or the Gateway that takes the ListenerSet, lets them be in another namespace. */
  granted(scope: OutboundScope): ReadonlySet<string>;
}

type Names = ReadonlyMap<string, CredentialUse>;
const sameNames = (a: Names, b: Names): boolean => a.size === b.size && [...a].every(([name, use]) => b.get(name) === use);

export function defineCredentials(graph: Graph, { rows, derived }: Pick<Mesh, 'rows' | 'derived'>): Credentials {
  const gateways = rows.of('Gateway');
  const ofRules = graph.query(
    'credentialsOfDestinationRules',
    (): Names => {
      const names = new Map<string, CredentialUse>();
      for (const { spec } of rows.of('DestinationRule').list().values()) {
        const policies = [spec.trafficPolicy, ...(spec.subsets ?? []).map((subset) => subset.trafficPolicy)];
        for (const policy of policies) {
          for (const { tls } of [policy ?? {}, ...(policy?.portLevelSettings ?? [])])
            if (tls?.credentialName) addCertificate(names, tls.credentialName);
        }
      }
      return names;
    },
    { equals: sameNames },
  );
  const named = graph.query(
    'credentialsNamed',
    (scopeId: string): Names => {
      const names = new Map(ofRules.get(''));
      for (const key of scopeOf<OutboundScope>(scopeId).gateways) {
        for (const { tls } of (gateways.get(key) ?? derived.gateway(key))?.spec.servers ?? []) {
          for (const name of [tls?.credentialName, ...(tls?.credentialNames ?? [])]) if (name) addCertificate(names, name);
          const ca = tls?.caCertCredentialName;
          if (ca && !names.has(ca)) names.set(ca, 'ca');
        }
      }
      return names;
    },
    { equals: sameNames },
  );
  const granted = graph.query(
    'credentialsGranted',
    (scopeId: string): ReadonlySet<string> =>
      new Set(
        scopeOf<OutboundScope>(scopeId).gateways.flatMap((key) => {
          const row = derived.gateway(key);
          // An Ingress writes what it likes, so it may name nothing elsewhere.
          return (row !== undefined && isGatewayApi(row) ? (row.spec.servers ?? []) : []).flatMap(({ tls }) => {
            const names = [tls?.credentialName, ...(tls?.credentialNames ?? [])].flatMap((name) => name || []);
            return [...names, ...names.map((name) => `${name}${CA_SUFFIX}`), ...(tls?.caCertCredentialName ? [tls.caCertCredentialName] : [])].filter(
              (name) => name.startsWith('kubernetes-gateway://'),
            );
          });
        }),
      ),
    { equals: isDeepStrictEqual },
  );
  return { named: (scope) => named.get(scope.id), granted: (scope) => granted.get(scope.id) };
}

/** A name serves one purpose over SDS: that of a certificate counts before that of a CA. */
const addCertificate = (names: Map<string, CredentialUse>, name: string): void => {
  names.set(name, 'certificate').set(`${name}${CA_SUFFIX}`, 'ca');
};
