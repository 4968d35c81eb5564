/**
 * PeerAuthentication: which mTLS mode a workload's ports take (features section 9 PA). Narrower scopes win, mesh < namespace < workload <
 * port; UNSET inherits; the oldest wins inside a scope; a selector in the root namespace means nothing.
 * https://istio.io/latest/docs/reference/config/security/peer_authentication/
 */
import type { PeerAuthentication } from '../api/istio.js';
import { byAge } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import { type Labels, selects } from './labels.js';
import type { Mesh, MutualTlsMode, PeerAuthentications } from './mesh.js';

const labelsOf = ({ spec }: PeerAuthentication): Labels => spec.selector?.matchLabels ?? {};
const isForAll = (row: PeerAuthentication): boolean => Object.keys(labelsOf(row)).length === 0;

/** undefined for UNSET and for no mode at all. */
const modeOf = (mtls: { mode?: string } | undefined): MutualTlsMode | undefined =>
  mtls?.mode === 'DISABLE' || mtls?.mode === 'PERMISSIVE' || mtls?.mode === 'STRICT' ? mtls.mode : undefined;

export function definePeerAuthentications(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): PeerAuthentications {
  const rows = mesh.rows.of('PeerAuthentication');
  const byNamespace = rows.index('namespace', (row) => [row.metadata.namespace]);
  const rootNamespace = graph.query('rootNamespace', (): string => mesh.config().rootNamespace);
  const policiesIn = graph.query(
    'peerAuthenticationsIn',
    (namespace: string): readonly PeerAuthentication[] => [...byNamespace.get(namespace).values()].sort(byAge),
    { equals: (a, b) => a.length === b.length && a.every((row, i) => row === b[i]) },
  );
  const namespaceMode = graph.query('namespaceMutualTls', (namespace: string): MutualTlsMode => {
    const own = modeOf(policiesIn.get(namespace).find(isForAll)?.spec.mtls);
    const root = rootNamespace.get('');
    if (own !== undefined || namespace === root) return own ?? 'PERMISSIVE';
    return namespaceMode.get(root);
  });

  const workloadPolicy = (namespace: string, labels: Labels): PeerAuthentication | undefined =>
    namespace === rootNamespace.get('') ? undefined : policiesIn.get(namespace).find((row) => !isForAll(row) && selects(labelsOf(row), labels));
  const workloadMode = (policy: PeerAuthentication | undefined, namespace: string): MutualTlsMode =>
    modeOf(policy?.spec.mtls) ?? namespaceMode.get(namespace);

  return {
    mode(namespace, labels, port) {
      const policy = workloadPolicy(namespace, labels);
      return modeOf(policy?.spec.portLevelMtls?.[port]) ?? workloadMode(policy, namespace);
    },
    portModes(namespace, labels) {
      const policy = workloadPolicy(namespace, labels);
      return Object.entries(policy?.spec.portLevelMtls ?? {})
        .map(([port, mtls]) => ({ port: Number(port), mode: modeOf(mtls) ?? workloadMode(policy, namespace) }))
        .sort((a, b) => a.port - b.port);
    },
    namespaceMode: (namespace) => namespaceMode.get(namespace),
  };
}
