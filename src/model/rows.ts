/**
 * The collections of the graph: one per kind, plus the connected proxies. Sources write them, queries read them.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FetchedKeys } from '../api/jwks.js';
import { type AnyRow, KINDS, type Kind, type KindTypes } from '../api/kinds.js';
import { keyOf, type Resource } from '../api/resource.js';
import type { Collection, Graph } from '../graph/graph.js';
import { DiscoveredRows } from './discovered-rows.js';
import type { CertificateRow, HostAddresses, MeshRoots, Rows, SecretReader } from './mesh.js';
import type { Proxy } from './proxy.js';
import type { ReportedHealth } from './workload-registration.js';

/**
 * Makes a collection for every kind. A row that is written again unchanged (its place in the file aside) is no change. `watched`: the only
 * namespaces that sources may write of; empty for all.
 */
export function defineRows(graph: Graph, watched: readonly string[] = []): Rows {
  const collections = new Map<string, Collection<Resource>>();
  for (const { kind, collection } of KINDS) {
    if (!collections.has(kind)) collections.set(kind, graph.collection<Resource>(collection, keyOf, { equals: isDeepStrictEqual }));
  }
  return {
    discovered: new DiscoveredRows(collections as unknown as ReadonlyMap<string, Collection<AnyRow>>, watched),
    of: <K extends Kind>(kind: K) => collections.get(kind) as unknown as Collection<KindTypes[K]>,
    certificates: graph.collection<CertificateRow>('certificates', (row) => row.id, { equals: isDeepStrictEqual }),
    roots: graph.collection<MeshRoots>('roots', (row) => row.id, { equals: isDeepStrictEqual }),
    jwks: graph.collection<FetchedKeys>('jwks', (row) => row.source, { equals: isDeepStrictEqual }),
    secretReaders: graph.collection<SecretReader>('secretReaders', (row) => row.id, { equals: isDeepStrictEqual }),
    hostAddresses: graph.collection<HostAddresses>('hostAddresses', (row) => row.hostname, { equals: isDeepStrictEqual }),
    reportedHealth: graph.collection<ReportedHealth>('reportedHealth', (report) => report.key, { equals: isDeepStrictEqual }),
    proxies: graph.collection<Proxy>('proxies', (proxy) => proxy.key, { equals: isDeepStrictEqual }),
  };
}
