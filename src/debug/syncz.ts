/**
 * /debug/syncz: per proxy and type, what was sent and what was accepted. The fields `*_sent` and `*_acked` are istiod's; `types` says more.
 */
import type { ConnectionStatus, TypeStatus } from '../xds/connection-status.js';

/** How a type stands at a proxy. */
export type SyncStatus = 'SYNCED' | 'STALE' | 'NOT SENT' | 'ERROR';

const PREFIXES: readonly (readonly [suffix: string, prefix: string])[] = [
  ['.Cluster', 'cluster'],
  ['.Listener', 'listener'],
  ['.RouteConfiguration', 'route'],
  ['.ClusterLoadAssignment', 'endpoint'],
  ['.Secret', 'secret'],
  ['.TypedExtensionConfig', 'extensionconfig'],
];

/** How a type stands. */
export function syncStatus(type: Pick<TypeStatus, 'error' | 'nonceSent' | 'nonceAcked' | 'isStale'>): SyncStatus {
  if (type.error !== undefined) return 'ERROR';
  if (type.nonceSent === '') return 'NOT SENT';
  return type.nonceSent === type.nonceAcked && !type.isStale ? 'SYNCED' : 'STALE';
}

/** One entry of the answer. */
export function syncz(connection: ConnectionStatus, now: number): Record<string, unknown> {
  const { node, types } = connection;
  const metadata = node.metadata ?? {};
  const istiod: Record<string, string> = {};
  for (const [suffix, prefix] of PREFIXES) {
    const type = types.find(({ typeUrl }) => typeUrl.endsWith(suffix));
    if (type === undefined) continue;
    istiod[`${prefix}_sent`] = type.nonceSent;
    istiod[`${prefix}_acked`] = type.nonceAcked;
  }
  return {
    proxy: connection.proxy,
    node_id: node.id,
    proxy_type: node.id.split('~', 1)[0],
    ...(typeof metadata['CLUSTER_ID'] === 'string' && { cluster_id: metadata['CLUSTER_ID'] }),
    ...(typeof metadata['ISTIO_VERSION'] === 'string' && { istio_version: metadata['ISTIO_VERSION'] }),
    ...istiod,
    resources: Object.fromEntries(types.map((type) => [type.typeUrl, resourceStatus(type, now)])),
    variant: connection.variant,
    tls: !connection.peer.plaintext,
    peer: connection.peer.address,
    connected_at: connection.connectedAt.toISOString(),
    buffered_bytes: connection.bufferedBytes,
    types: types.map((type) => ({
      type: type.typeUrl.slice(type.typeUrl.lastIndexOf('.') + 1),
      status: syncStatus(type),
      wildcard: type.wildcard,
      names: type.names.length,
      resources: type.resources.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      version_sent: type.versionSent,
      version_acked: type.versionAcked,
      ...(type.error && { error: type.error.message }),
    })),
  };
}

function resourceStatus({ nonceSent, nonceAcked, sentAgoMs, error }: TypeStatus, now: number) {
  return {
    ...(nonceSent && { sent: nonceSent }),
    ...(nonceAcked && { acked: nonceAcked }),
    ...(sentAgoMs !== undefined && { sentTime: new Date(now - sentAgoMs).toISOString() }),
    ...(error && { lastError: error.message }),
  };
}
