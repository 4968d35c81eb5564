/** Which Gateways are ours, and where their proxies are found (GA-001, GA-005). Pure. */
import type { Finding } from './finding.js';
import type { GatewayClassRow, GatewayRow } from './types.js';

/** Classes that exist without a GatewayClass resource. */
const BUILT_IN: Readonly<Record<string, string>> = {
  istio: 'istio.io/gateway-controller',
  'istio-remote': 'istio.io/unmanaged-gateway',
  'istio-waypoint': 'istio.io/mesh-controller',
  'istio-east-west': 'istio.io/eastwest-controller',
};

/** What becomes of a Gateway's listeners. */
export type GatewayRole = 'served' | 'remote' | 'ambient' | 'foreign' | 'unknown';

export function roleOf(className: string, row: GatewayClassRow | undefined): GatewayRole {
  const controller = row === undefined ? BUILT_IN[className] : row.spec.controllerName;
  if (controller === undefined) return 'unknown';
  if (controller === 'istio.io/gateway-controller') return 'served';
  if (controller === 'istio.io/unmanaged-gateway') return 'remote';
  return controller === 'istio.io/mesh-controller' || controller === 'istio.io/eastwest-controller' ? 'ambient' : 'foreign';
}

/** Without an address of its own a Gateway has a workload and a Service of its own; an IP address is one for that Service. */
export function isManaged({ addresses = [] }: GatewayRow['spec']): boolean {
  if (addresses.length === 0) return true;
  return addresses.length === 1 && (addresses[0]?.type ?? 'IPAddress') === 'IPAddress';
}

/** Name of a managed Gateway's workload, Service and service account. */
export const workloadName = ({ metadata, spec }: GatewayRow): string =>
  metadata.annotations['gateway.istio.io/name-override'] ?? `${metadata.name}-${spec.gatewayClassName}`;

/** Service account that a managed Gateway's proxies run as, '' when that can't be known. */
export const serviceAccountName = (row: GatewayRow): string =>
  isManaged(row.spec) ? (row.metadata.annotations['gateway.istio.io/service-account'] ?? workloadName(row)) : '';

/** Host names of the Services in front of a Gateway's proxies. */
export function gatewayServices(row: GatewayRow, domain: string): { readonly hostnames: readonly string[]; readonly findings: readonly Finding[] } {
  const { namespace } = row.metadata;
  const expand = (name: string): string => (name.includes('.') ? name : `${name}.${namespace}.svc.${domain}`);
  if (isManaged(row.spec)) return { hostnames: [`${workloadName(row)}.${namespace}.svc.${domain}`], findings: [] };
  const hostnames: string[] = [];
  const findings: Finding[] = [];
  for (const [i, { type = 'IPAddress', value = '' }] of (row.spec.addresses ?? []).entries()) {
    if (type === 'Hostname') hostnames.push(expand(value));
    else
      findings.push({
        code: 'unsupported',
        message: `an address beside others must be a Hostname; ${value} is ignored`,
        field: `spec.addresses[${i}]`,
        reason: 'UnsupportedAddress',
      });
  }
  return { hostnames, findings };
}
