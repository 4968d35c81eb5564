/**
 * Where a VirtualService sends traffic: hosts and ports, for Sidecars that import a VirtualService but not its destinations (SC-003, SC-015). Pure.
 */
import type { Destination, VirtualServiceSpec } from '../api/istio.js';

/** Destination hosts (as written in the resolved VirtualService) → ports; port 0 stands for "every port". */
export function destinationPorts(spec: VirtualServiceSpec, clientNamespace: string): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  const add = (destination: Destination | undefined) => {
    if (destination?.host === undefined) return;
    let ports = found.get(destination.host);
    if (ports === undefined) found.set(destination.host, (ports = new Set()));
    ports.add(destination.port?.number ?? 0);
  };
  const applies = (matches: readonly { sourceNamespace?: string }[] | undefined): boolean =>
    matches === undefined || matches.length === 0 || matches.some((match) => !match.sourceNamespace || match.sourceNamespace === clientNamespace);
  for (const route of spec.http ?? []) {
    if (!applies(route.match)) continue;
    for (const { destination } of route.route ?? []) add(destination);
    add(route.mirror);
    for (const { destination } of route.mirrors ?? []) add(destination);
  }
  // Only HTTP routes are told apart by the client's namespace here, as in the reference.
  for (const route of [...(spec.tls ?? []), ...(spec.tcp ?? [])]) for (const { destination } of route.route ?? []) add(destination);
  return found;
}
