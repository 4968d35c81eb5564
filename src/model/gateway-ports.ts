/**
 * Port translation of gateways (GW-023): a Gateway names ports of the Service in front of the proxy, the proxy listens on their target ports.
 */
import type { OutboundScope, ServiceTarget } from './scope.js';
import type { Service } from './service.js';
import { byServiceAge } from './services.js';

/** A Service with this label (any value) is no guide for ports: Gateways then name target ports themselves. */
const NO_TRANSLATION = 'experimental.istio.io/disable-gateway-port-translation';

/** [service port, target port] of the services that end at a proxy, ascending; of several services on one port the oldest counts. */
export function gatewayPorts(targets: readonly ServiceTarget[], service: (key: string) => Service | undefined): OutboundScope['gatewayPorts'] {
  const known = targets.flatMap((target) => {
    const owner = service(target.service);
    return owner === undefined || owner.labels[NO_TRANSLATION] !== undefined ? [] : [{ target, owner }];
  });
  const byPort = new Map<number, number>();
  for (const { target } of known.sort((a, b) => byServiceAge(a.owner, b.owner))) {
    if (!byPort.has(target.port)) byPort.set(target.port, target.targetPort);
  }
  return [...byPort].sort(([a], [b]) => a - b);
}

/** The port that a Gateway's server listens on: as written when no service has it. */
export const listenPort = (scope: Pick<OutboundScope, 'gatewayPorts'>, port: number): number =>
  scope.gatewayPorts.find(([servicePort]) => servicePort === port)?.[1] ?? port;
