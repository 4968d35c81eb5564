/**
 * Port translation of gateways (GW-023): a Gateway names ports of the Service in front of the proxy, the proxy listens on their target ports.
 */
import type { OutboundScope, ServiceTarget } from './scope.js';
import type { Service } from './service.js';
import { byAgeAndHostname } from './services.js';

/** A Service with this label (any value) is no guide for ports: Gateways then name target ports themselves. */
const NO_TRANSLATION = 'experimental.istio.io/disable-gateway-port-translation';

/** [service port, target port] of the services that end at a proxy, ascending; of several services on one port the oldest counts. */
export function gatewayPorts(targets: readonly ServiceTarget[], service: (key: string) => Service | undefined): OutboundScope['gatewayPorts'] {
  const known = targets.flatMap((target) => {
    const owner = service(target.service);
    return owner === undefined || owner.labels[NO_TRANSLATION] !== undefined ? [] : [{ target, owner }];
  });
  const byPort = new Map<number, number>();
  const sorted = known.sort((a, b) => byAgeAndHostname(a.owner, b.owner));
  // A number may be there twice, for HTTP/3 as well (GW-027): the port of connections leads.
  for (const { target } of [...sorted.filter((one) => !isUdp(one.target)), ...sorted.filter((one) => isUdp(one.target))]) {
    if (!byPort.has(target.port)) byPort.set(target.port, target.targetPort);
  }
  return [...byPort].sort(([a], [b]) => a - b);
}

/** [service port, target port] of UDP ports, ascending: where a Gateway's HTTPS server of that number can speak HTTP/3 as well (GW-027). */
export function quicPorts(targets: readonly ServiceTarget[], service: (key: string) => Service | undefined): NonNullable<OutboundScope['quicPorts']> {
  const byPort = new Map<number, number>();
  for (const target of targets) {
    const owner = service(target.service);
    if (owner === undefined || !isUdp(target) || byPort.has(target.port)) continue;
    byPort.set(target.port, owner.labels[NO_TRANSLATION] === undefined ? target.targetPort : target.port);
  }
  return [...byPort].sort(([a], [b]) => a - b);
}

const isUdp = ({ protocol }: ServiceTarget): boolean => protocol === 'UDP';

/** The port that a Gateway's server listens on: as written when no service has it. */
export const listenPort = (scope: Pick<OutboundScope, 'gatewayPorts'>, port: number): number =>
  scope.gatewayPorts.find(([servicePort]) => servicePort === port)?.[1] ?? port;
