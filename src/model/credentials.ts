/**
 * Which credentials a proxy's configuration names (GW-012). Nothing else is handed out: a Secret that merely lies in the same namespace, such as
 * the key of the mesh's CA, stays where it is.
 */
import type { Graph } from '../graph/graph.js';
import { CA_SUFFIX } from './credential-name.js';
import type { Mesh } from './mesh.js';
import { type OutboundScope, scopeOf } from './scope.js';

/** What a name is used for: a certificate with its key, or the CA that peers are checked against. */
export type CredentialUse = 'certificate' | 'ca';

export interface Credentials {
  /** `credentialName`s of the Gateways that select a router and of all DestinationRules, as written or with the suffix for their CA. */
  named(scope: OutboundScope): ReadonlyMap<string, CredentialUse>;
}

type Names = ReadonlyMap<string, CredentialUse>;
const sameNames = (a: Names, b: Names): boolean => a.size === b.size && [...a].every(([name, use]) => b.get(name) === use);

export function defineCredentials(graph: Graph, { rows }: Pick<Mesh, 'rows'>): Credentials {
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
        for (const { tls } of gateways.get(key)?.spec.servers ?? []) {
          for (const name of [tls?.credentialName, ...(tls?.credentialNames ?? [])]) if (name) addCertificate(names, name);
          const ca = tls?.caCertCredentialName;
          if (ca && !names.has(ca)) names.set(ca, 'ca');
        }
      }
      return names;
    },
    { equals: sameNames },
  );
  return { named: (scope) => named.get(scope.id) };
}

/** A name serves one purpose over SDS: that of a certificate counts before that of a CA. */
const addCertificate = (names: Map<string, CredentialUse>, name: string): void => {
  names.set(name, 'certificate').set(`${name}${CA_SUFFIX}`, 'ca');
};
