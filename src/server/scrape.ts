/** What a scrape of /metrics looks up in the running server. */
import type { Problem } from '../api/problem.js';
import type { CertificateAuthority } from '../ca/authority.js';
import type { Mesh } from '../model/mesh.js';
import type { Conflicts, ScrapedState } from '../telemetry/scraped-state.js';

export interface ScrapeParts {
  readonly mesh: Mesh;
  readonly problems: () => readonly Problem[];
  readonly authority: CertificateAuthority;
  /** When the first of the workloads' certificates ends, in milliseconds since the epoch. */
  readonly workloadExpiry: () => number | undefined;
  readonly remoteClusters: () => readonly string[];
  readonly conflicts: () => Conflicts;
  readonly xds: () => ScrapedState['xds'];
}

export function scrapeState({ mesh, problems, authority, workloadExpiry, remoteClusters, conflicts, xds }: ScrapeParts): ScrapedState {
  const { roots, certificate } = authority.signer;
  const rootExpiry = Math.min(...roots.map((root) => root.notAfter.getTime()));
  const workload = workloadExpiry();
  return {
    services: mesh.services.namespaces().reduce((sum, namespace) => sum + mesh.services.inNamespace(namespace).length, 0),
    virtualServices: mesh.rows.of('VirtualService').size,
    configErrors: problems().filter((problem) => problem.severity === 'error').length,
    refusedHosts: mesh.hostRefusals.all().length,
    rootExpiry: rootExpiry / 1000,
    chainExpiry: certificate.notAfter.getTime() / 1000,
    workloadExpiry: workload && workload / 1000,
    conflicts: conflicts(),
    clusters: { local: 1, remote: remoteClusters() },
    xds: xds(),
    graph: mesh.graph.stats(),
  };
}
