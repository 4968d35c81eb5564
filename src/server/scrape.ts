/** What a scrape of /metrics looks up in the running server. */

import type { Problem } from '../api/problem.js';
import type { CertificateAuthority } from '../ca/authority.js';
import type { Mesh } from '../model/mesh.js';
import type { ScrapedState } from '../telemetry/metrics.js';

export function scrapeState(mesh: Mesh, problems: readonly Problem[], authority: CertificateAuthority): ScrapedState {
  const { roots, certificate } = authority.signer;
  const rootExpiry = Math.min(...roots.map((root) => root.notAfter.getTime()));
  return {
    services: mesh.services.namespaces().reduce((sum, namespace) => sum + mesh.services.inNamespace(namespace).length, 0),
    virtualServices: mesh.rows.of('VirtualService').size,
    configErrors: problems.filter((problem) => problem.severity === 'error').length,
    rootExpiry: rootExpiry / 1000,
    chainExpiry: certificate.notAfter.getTime() / 1000,
    graph: mesh.graph.stats(),
  };
}
