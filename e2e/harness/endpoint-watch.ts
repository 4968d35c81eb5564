/** An xDS stream of a sidecar that stays open, and what it was told of one load assignment last. */
import { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import { delta } from '../../test/features/xds-client.js';

const TYPE = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

export interface EndpointWatch {
  /** `address:port`, sorted. */
  addresses(): readonly string[];
  /** Responses so far that brought the assignment. */
  updates(): number;
  stop(): void;
}

/** `port` is the plaintext one on loopback. */
export function watchEndpoints(port: number, name: string, { namespace, network }: { namespace: string; network: string }): EndpointWatch {
  const stream = delta(port);
  const metadata = { NAMESPACE: namespace, CLUSTER_ID: 'Kubernetes', NETWORK: network, LABELS: { app: 'client' } };
  stream.send({
    node: { id: `sidecar~10.10.9.9~client.${namespace}~${namespace}.svc.cluster.local`, cluster: 'client', metadata } as never,
    typeUrl: TYPE,
    resourceNamesSubscribe: [name],
  });
  let addresses: readonly string[] = [];
  let updates = 0;
  let isOpen = true;
  void (async () => {
    while (isOpen && stream.status === undefined) {
      const response = await stream.poll(200);
      if (response === undefined) continue;
      stream.send({ typeUrl: TYPE, responseNonce: response.nonce });
      for (const { resource } of response.resources) {
        if (resource === undefined) continue;
        updates++;
        addresses = addressesOf(ClusterLoadAssignment.decode(resource.value));
      }
    }
  })();
  return {
    addresses: () => addresses,
    updates: () => updates,
    stop() {
      isOpen = false;
      stream.stop();
    },
  };
}

function addressesOf({ endpoints }: ClusterLoadAssignment): string[] {
  const hosts = endpoints.flatMap(({ lbEndpoints }) => lbEndpoints);
  const found = hosts.map(({ hostIdentifier }) => {
    const socket = hostIdentifier?.$case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
    if (socket?.$case !== 'socketAddress') return 'other';
    const { address, portSpecifier } = socket.value;
    return `${address}:${portSpecifier?.$case === 'portValue' ? portSpecifier.value : ''}`;
  });
  return [...new Set(found)].sort();
}
