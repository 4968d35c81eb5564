/** The Service in front of a managed Gateway (GA-004): a port for each port of its listeners, and one for probes of load balancers. */
import type { Listener } from '../model/gateway-api/types.js';
import { GATEWAY_NAME, type ManagedGateway, type Manifest, objectMeta } from './managed-gateway.js';

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly appProtocol: string;
}

const SERVICE_TYPE = 'networking.istio.io/service-type';
const STATUS_PORT: ServicePort = { name: 'status-port', port: 15021, protocol: 'TCP', appProtocol: 'tcp' };
/** Of a port's name. https://kubernetes.io/docs/concepts/services-networking/service/#multi-port-services */
const MAX_NAME = 63;

export function serviceOf({ gateway, listeners, http3 }: ManagedGateway): Manifest {
  const type = gateway.metadata.annotations[SERVICE_TYPE] ?? 'LoadBalancer';
  const address = gateway.spec.addresses?.[0]?.value;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: objectMeta(gateway),
    spec: {
      ipFamilyPolicy: 'PreferDualStack',
      ports: servicePorts(listeners, http3),
      selector: { [GATEWAY_NAME]: gateway.metadata.name },
      ...(address !== undefined && type === 'LoadBalancer' && { loadBalancerIP: address }),
      type,
    },
  };
}

/** One for each number, named after the first listener that has it; with `http3` one more for UDP where that one ends HTTPS. */
export function servicePorts(listeners: readonly Listener[], http3 = false): readonly ServicePort[] {
  const ports: ServicePort[] = [STATUS_PORT];
  const numbers = new Set<number>();
  const names = new Set([STATUS_PORT.name]);
  const add = (wanted: string, rest: Omit<ServicePort, 'name'>): void => {
    const name = uniqueName(wanted, rest.port, names);
    names.add(name);
    ports.push({ name, ...rest });
  };
  for (const [index, { name, port, protocol, tls }] of listeners.entries()) {
    if (port === undefined || numbers.has(port)) continue;
    numbers.add(port);
    const appProtocol = protocol.toLowerCase();
    const wanted = name.replaceAll('.', '-') || `${appProtocol}-${index}`;
    add(wanted, { port, protocol: 'TCP', appProtocol });
    if (http3 && protocol === 'HTTPS' && tls?.mode !== 'Passthrough') add(`${wanted}-quic`, { port, protocol: 'UDP', appProtocol });
  }
  return ports;
}

/** Names of listeners are longer than those of ports, and may have dots: two can become the same, and one such pair would cost the whole Service. */
function uniqueName(name: string, port: number, taken: ReadonlySet<string>): string {
  let found = name.slice(0, MAX_NAME);
  for (let suffix = `-${port}`; taken.has(found); suffix += 'x') found = name.slice(0, MAX_NAME - suffix.length) + suffix;
  return found;
}
