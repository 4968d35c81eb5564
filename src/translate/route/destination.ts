/** From a Destination to a cluster name. VS-019, VS-048: an unknown host, subset or port still gets its name; Envoy then answers 503. */
import type { Destination } from '../../api/istio.js';
import { outboundClusterName } from '../../model/names.js';

/** What must be known of the service that a destination names. */
export interface DestinationService {
  readonly ports: readonly { readonly port: number }[];
  /** The host behind an ExternalName service. */
  readonly externalName?: string;
}

/**
 * The cluster of a destination. Without a port: the service's only port, else the listener's. `lookup` knows the services that may count
 * here (a sidecar's listener only those on its port, a gateway all that it sees).
 */
export function destinationCluster(
  destination: Destination,
  listenPort: number,
  lookup: (hostname: string) => DestinationService | undefined,
): string {
  // Only a Gateway API backend that can't be resolved has no host.
  if (!destination.host) return 'UnknownService';
  const service = lookup(destination.host);
  const onlyPort = service?.ports.length === 1 ? service.ports[0]?.port : undefined;
  const port = destination.port?.number ?? onlyPort ?? listenPort;
  return outboundClusterName(service?.externalName || destination.host, port, destination.subset ?? '');
}
