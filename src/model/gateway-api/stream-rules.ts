/** Rules of TCPRoute and TLSRoute as Istio's tcp and tls routes (GA-016, GA-017). Pure. */
import type { RouteDestination, TCPRoute, TLSRoute } from '../../api/istio.js';
import { type BackendContext, resolveBackend, weightedBackends } from './backends.js';
import { type Finding, Refused } from './finding.js';
import type { RouteRule, StreamRouteRow } from './types.js';

export interface StreamRules {
  /** Destinations rule by rule. */
  readonly rules: readonly (readonly RouteDestination[])[];
  readonly findings: readonly Finding[];
  /** Why nothing of the route is served. */
  readonly refused?: Finding;
}

/** A connection to nobody fails, which is what a rule without backends asks for; Envoy has no way to say so directly. */
const NOBODY: readonly RouteDestination[] = [
  { destination: { host: 'internal.cluster.local', subset: 'zero-weight', port: { number: 65535 } }, weight: 0 },
];

export function streamRules(row: StreamRouteRow, context: BackendContext): StreamRules {
  const findings: Finding[] = [];
  try {
    const rules = (row.spec.rules ?? []).map((rule, i) => destinations(rule, `spec.rules[${i}]`, context, findings));
    return { rules, findings };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { rules: [], findings: [...findings, error.finding], refused: error.finding };
  }
}

function destinations({ backendRefs }: RouteRule, field: string, context: BackendContext, findings: Finding[]): readonly RouteDestination[] {
  const backends = weightedBackends(backendRefs);
  if (backends.length === 0) return NOBODY;
  return backends.map(({ ref, index, weight }) => {
    const { destination, finding } = resolveBackend(ref, `${field}.backendRefs[${index}]`, context);
    if (finding !== undefined) findings.push(finding);
    return { destination, weight: backends.length === 1 ? 0 : weight } as RouteDestination;
  });
}

/** `port` 0 means any. */
export const tcpRoutes = ({ rules }: StreamRules, port: number): readonly TCPRoute[] =>
  rules.map((route) => ({ ...(port === 0 ? {} : { match: [{ port }] }), route: [...route] }) as TCPRoute);

/** Without names in the SNI there is nothing to match, so such routes are left out. */
export const tlsRoutes = ({ rules }: StreamRules, sniHosts: readonly string[], port: number): readonly TLSRoute[] =>
  sniHosts.length === 0
    ? []
    : rules.map((route) => ({ match: [{ sniHosts: [...sniHosts], ...(port === 0 ? {} : { port }) }], route: [...route] }) as TLSRoute);
