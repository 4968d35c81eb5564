/**
 * Servers that have to give way to an older Gateway's at the same proxies (GW-022, GW-024, GW-025): the model's own merge is asked, once for each set of
 * Gateways that some workload serves; those that nobody serves are merged by equal selectors.
 */
import type { Gateway } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import { mergeGateways } from '../model/gateway-merge.js';
import { gatewayPorts } from '../model/gateway-ports.js';
import type { RejectedServer } from '../model/mesh.js';
import type { OutboundScope } from '../model/scope.js';
import type { Check, Context, Draft } from './check.js';

export const gatewayConflicts: Check = {
  name: 'gateway-conflict',
  subjects: () => [''],
  examine(context) {
    const found = new Map<string, Draft>();
    for (const { gateways, ports } of groups(context)) {
      for (const rejected of mergeGateways([...gateways].sort(byAge), { gatewayPorts: ports }).rejected) {
        const draft = toDraft(rejected);
        const key = `${keyOf(rejected.gateway)} ${draft.at.path?.join('.')} ${keyOf(rejected.winner)}`;
        if (!found.has(key)) found.set(key, draft);
      }
    }
    return [...found.values()];
  },
};

interface Group {
  readonly gateways: readonly Gateway[];
  readonly ports: OutboundScope['gatewayPorts'];
}

function groups({ mesh, lookups }: Context): readonly Group[] {
  const rows = [...mesh.rows.of('Gateway').list().values()];
  const byWorkload = new Map<string, { readonly address?: string; readonly gateways: Gateway[] }>();
  for (const row of rows) {
    const selector = row.spec.selector ?? {};
    const workloads = lookups.gatewayWorkloads(selector);
    const none = [{ namespace: '', name: JSON.stringify(Object.entries(selector).sort()) }];
    for (const workload of workloads.length > 0 ? workloads : none) {
      const key = `${workload.namespace}/${workload.name}`;
      const known = byWorkload.get(key) ?? { ...('address' in workload && { address: workload.address }), gateways: [] };
      byWorkload.set(key, known);
      known.gateways.push(row);
    }
  }
  const distinct = new Map<string, Group>();
  for (const { address, gateways } of byWorkload.values()) {
    const ports = address === undefined ? [] : gatewayPorts(mesh.endpoints.targetsAt(address), (key) => mesh.services.get(key));
    distinct.set(JSON.stringify([gateways.map(keyOf), ports]), { gateways, ports });
  }
  return [...distinct.values()];
}

function toDraft({ gateway, server, reason, winner }: RejectedServer): Draft {
  const path = ['spec', 'servers', (gateway.spec.servers ?? []).indexOf(server)];
  const message = `this server is not served: ${reason}`;
  return { severity: 'error', code: 'gateway-conflict', message, at: { row: gateway, path }, winner: { row: winner } };
}
