/**
 * Which key sets proxies fetch by themselves, and through which cluster (RA-006): those whose host is a service of the mesh. Modes as those of istiod's
 * PILOT_JWT_ENABLE_REMOTE_JWKS. https://istio.io/latest/docs/reference/commands/pilot-discovery/
 */
import type { Graph } from '../graph/graph.js';
import type { Mesh, RemoteKeys } from './mesh.js';
import { outboundClusterName } from './names.js';

/** `istiod`: the control plane fetches. `hybrid`: proxies fetch what the mesh can reach, the control plane the rest. `envoy`: proxies, always. */
export const REMOTE_JWKS = ['istiod', 'hybrid', 'envoy'] as const;
export type RemoteJwks = (typeof REMOTE_JWKS)[number];

export function defineRemoteKeys(graph: Graph, { services }: Pick<Mesh, 'services'>, mode: RemoteJwks = 'istiod'): RemoteKeys {
  /** Key: the URL of a key set. */
  const cluster = graph.query('remoteKeysCluster', (uri: string): string | undefined => {
    const url = mode !== 'istiod' && URL.canParse(uri) ? new URL(uri) : undefined;
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return undefined;
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const found = services.byHostname(url.hostname).filter(({ refused }) => refused !== true);
    // As with other servers that are named by host alone: one that several namespaces have is nobody's.
    const isKnown = found.length > 0 && found.every(({ namespace }) => namespace === found[0]?.namespace);
    return isKnown || mode === 'envoy' ? outboundClusterName(url.hostname, port) : undefined;
  });
  return { clusterOf: (uri) => cluster.get(uri) };
}
