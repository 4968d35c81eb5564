/**
 * Advice on ports of Kubernetes Services (SD-004, SD-012 to SD-014): an undeclared protocol is found out on the wire, which costs HTTP features where it cannot be,
 * and services that share a workload's port should agree on what it speaks.
 */
import { keyOf } from '../api/resource.js';
import { isDetected } from '../model/protocol.js';
import type { Service } from '../model/service.js';
import { type Check, type Context, type Draft, nameOf, perRow } from './check.js';
import { rowOf } from './service-row.js';

/** The cluster's own, which nobody who runs a mesh can rename. */
const NOT_OURS = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

export const portProtocols: Check = perRow('port-protocol', 'Service', (context, row) => {
  const service = context.mesh.services.get(`k:${keyOf(row)}`);
  const { namespace } = row.metadata;
  if (service === undefined || service.resolution === 'Alias' || NOT_OURS.has(namespace) || keyOf(row) === 'default/kubernetes') return [];
  return service.ports.flatMap((port, index): readonly Draft[] => {
    const at = { row, path: ['spec', 'ports', index] };
    if (isDetected(port.protocol)) {
      const { appProtocol } = row.spec.ports?.[index] ?? {};
      const name = port.name === '' ? 'has no name' : `is named '${port.name}'`;
      const how = appProtocol === undefined ? `${name} and declares no protocol` : `has an appProtocol that says nothing here, '${appProtocol}'`;
      const why = service.isHeadless
        ? 'the sidecar guesses it, and as the service is headless it needs a listener for every pod'
        : 'the sidecar guesses it from the first bytes of the client, and waits for ever where the server speaks first';
      const message = `port ${port.port} ${how}: ${why}; set appProtocol, or name it http-…, grpc-… or tcp-…`;
      return [{ severity: 'info', code: 'undeclared-protocol', message, at }];
    }
    const found = disagreement(context, service, index, row.metadata.name);
    return found === undefined ? [] : [found];
  });
});

/** The first other service (by age, then name) that ends at the same workload port with another protocol. */
function disagreement(context: Context, service: Service, index: number, name: string): Draft | undefined {
  const port = service.ports[index] as Service['ports'][number];
  if (port.protocol === 'UDP') return undefined;
  for (const { address, port: targetPort } of context.mesh.endpoints.of(service.key, port.name)) {
    for (const target of context.mesh.endpoints.targetsAt(address)) {
      if (target.service === service.key || target.targetPort !== targetPort) continue;
      const other = context.mesh.services.get(target.service);
      const theirs = other?.ports.find((one) => one.port === target.port);
      if (other === undefined || theirs === undefined || theirs.protocol === port.protocol || isDetected(theirs.protocol)) continue;
      // Told once, at the one that the sidecar does not follow.
      if (context.mesh.endpoints.targetsAt(address).find((one) => one.targetPort === targetPort)?.service === service.key) continue;
      const winner = rowOf(context, other);
      const row = rowOf(context, service);
      if (winner === undefined || row === undefined) continue;
      const message = `port ${port.port} of ${name} is ${port.protocol}, but ${nameOf(winner.row)} calls the same workload port ${targetPort} ${theirs.protocol}, and its sidecar follows that`;
      return { severity: 'warning', code: 'protocol-conflict', message, at: { row: row.row, path: ['spec', 'ports', index] }, winner };
    }
  }
  return undefined;
}
