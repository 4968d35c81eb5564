/**
 * The analysis: what resources do to each other, told with winner, loser and place. Runs beside the views on the same model; nothing of it
 * reaches a proxy. `mizzen analyze` and /debug/analysis show it. https://istio.io/latest/docs/ops/diagnostic-tools/istioctl-analyze/
 */

import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import type { Mesh } from '../model/mesh.js';
import { certificatePins } from './certificate-pins.js';
import type { Check, Context, Draft } from './check.js';
import { credentials } from './credentials.js';
import { delegates } from './delegates.js';
import { derivedRows } from './derived-rows.js';
import { destinationRuleConflicts } from './destination-rule-conflicts.js';
import { destinationRuleHosts } from './destination-rule-hosts.js';
import { destinations } from './destinations.js';
import { type Finding, type Locate, present } from './finding.js';
import { gatewayConflicts } from './gateway-conflicts.js';
import { gatewayHosts } from './gateway-hosts.js';
import { gatewayReferences } from './gateway-references.js';
import { gatewaySelectors } from './gateway-selectors.js';
import { hostOwnership } from './host-ownership.js';
import { keyProviders } from './key-providers.js';
import { defineLookups } from './lookups.js';
import { mutualTls } from './mutual-tls.js';
import { noEffect } from './no-effect.js';
import { peerAuthenticationConflicts } from './peer-authentication-conflicts.js';
import { portProtocols } from './port-protocols.js';
import { routeProtocols } from './route-protocols.js';
import { serviceEntryConflicts } from './service-entry-conflicts.js';
import { sidecarConflicts } from './sidecar-conflicts.js';
import { subsetEndpoints } from './subset-endpoints.js';
import { telemetryMetrics } from './telemetry-metrics.js';
import { telemetryProviders } from './telemetry-providers.js';
import { unreachableRoutes } from './unreachable-routes.js';
import { virtualServiceConflicts } from './virtual-service-conflicts.js';
import { virtualServiceHosts } from './virtual-service-hosts.js';

/**
 * All checks. What needs more than the model (EnvoyFilter patches that matched nothing are known to translation only) comes in as an
 * `extra` check of {@link defineAnalysis}, from whoever puts the parts together.
 */
const CHECKS: readonly Check[] = [
  virtualServiceConflicts,
  virtualServiceHosts,
  delegates,
  unreachableRoutes,
  destinations,
  routeProtocols,
  subsetEndpoints,
  destinationRuleHosts,
  destinationRuleConflicts,
  gatewayReferences,
  gatewaySelectors,
  gatewayConflicts,
  gatewayHosts,
  derivedRows,
  hostOwnership,
  sidecarConflicts,
  serviceEntryConflicts,
  credentials,
  peerAuthenticationConflicts,
  mutualTls,
  telemetryProviders,
  telemetryMetrics,
  portProtocols,
  noEffect,
  certificatePins,
  keyProviders,
];

export interface Analysis {
  /** All that is found at present, in a fixed order. */
  findings(locate?: Locate): readonly Finding[];
}

/** Defines the analysis on a mesh's graph, once. Nothing is computed before somebody asks. */
export function defineAnalysis(mesh: Mesh, { domain = DEFAULT_SETTINGS.domain, extra = [] as readonly Check[] } = {}): Analysis {
  const context: Context = { mesh, domain, lookups: defineLookups(mesh, domain) };
  const checks = [...CHECKS, ...extra].map((check) => {
    const one = mesh.graph.query(`analysis of ${check.name}`, (subject: string): readonly Draft[] => check.examine(context, subject), {
      equals: sameDrafts,
    });
    return mesh.graph.query(`analysis: ${check.name}`, (): readonly Draft[] => [...check.subjects(context)].flatMap((subject) => one.get(subject)), {
      equals: sameDrafts,
    });
  });
  const all = mesh.graph.query('analysis', (): readonly Draft[] => checks.flatMap((check) => check.get('')), { equals: sameDrafts });
  return { findings: (locate) => present(all.get(''), locate) };
}

/** Drafts are made anew by each run and are small: the same only if they are the same objects or both empty. */
const sameDrafts = (a: readonly Draft[], b: readonly Draft[]): boolean => a.length === b.length && a.every((draft, i) => draft === b[i]);
