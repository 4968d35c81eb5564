/** Gateways that VirtualServices name and that are not there, do not see them, or are named by a match only (VS-003, VS-004). */
import type { VirtualService } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import { MESH_GATEWAY, resolveGateway } from '../model/virtual-service-names.js';
import { isVisibleTo } from '../model/visibility.js';
import { type Check, type Context, type Draft, perRow } from './check.js';

export const gatewayReferences: Check = perRow('gateway-reference', 'VirtualService', (context, row) => {
  const { gateways = [] } = row.spec;
  const { namespace } = row.metadata;
  const bound = new Set(gateways.length === 0 ? [MESH_GATEWAY] : gateways.map((name) => resolveGateway(name, namespace)));
  const found = gateways.flatMap((name, index) => examine(context, row, name, ['spec', 'gateways', index]) ?? []);
  const isDelegate = (row.spec.hosts?.length ?? 0) === 0;
  for (const kind of ['http', 'tls', 'tcp'] as const) {
    for (const [i, route] of (row.spec[kind] ?? []).entries()) {
      for (const [j, match] of ((route.match ?? []) as readonly { readonly gateways?: readonly string[] }[]).entries()) {
        for (const [k, name] of (match.gateways ?? []).entries()) {
          if (isDelegate || bound.has(resolveGateway(name, namespace))) continue;
          const path = ['spec', kind, i, 'match', j, 'gateways', k];
          const message = `gateway ${name} is not among the VirtualService's own gateways, so that nothing matches there`;
          found.push({ severity: 'warning', code: 'unbound-gateway', message, at: { row, path } });
        }
      }
    }
  }
  return found;
});

function examine({ mesh, lookups }: Context, row: VirtualService, name: string, path: FieldPath): Draft | undefined {
  const key = resolveGateway(name, row.metadata.namespace);
  // Listeners of Gateway API may be named too (GA-031).
  if (key === MESH_GATEWAY || mesh.derived.gateway(key) !== undefined) return undefined;
  const gateway = mesh.rows.of('Gateway').get(key);
  if (gateway === undefined) {
    const elsewhere = lookups.gatewaysNamed(key.slice(key.indexOf('/') + 1));
    const hint = elsewhere.length === 0 ? '' : `; namespace ${elsewhere.join(', ')} has one of that name`;
    return { severity: 'error', code: 'unknown-gateway', message: `there is no Gateway ${key}${hint}`, at: { row, path } };
  }
  const namespaces = [...new Set(lookups.gatewayWorkloads(gateway.spec.selector ?? {}).map((workload) => workload.namespace))].sort();
  const visibility = lookups.visibilityOf(row);
  if (namespaces.length === 0 || namespaces.some((namespace) => isVisibleTo(visibility, namespace))) return undefined;
  const message = `exportTo hides this from Gateway ${key}, whose proxies run in namespace ${namespaces.join(', ')}`;
  return { severity: 'error', code: 'hidden-from-gateway', message, at: { row, path }, related: [{ row: gateway }] };
}
