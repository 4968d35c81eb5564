/**
 * `istio.io/debug/syncz` (IC-001): how every proxy stands, as Envoy's client status message, for `istioctl proxy-status` and `version`.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/status/v3/csds.proto
 */
import { ClientConfig, ConfigStatus } from '@envoyproxy/xds-protos/envoy/service/status/v3/csds.js';
import type { Partial } from '../translate/proto.js';
import type { ConnectionStatus, TypeStatus } from '../xds/connection-status.js';
import { syncStatus } from './syncz.js';

const STATUS = { SYNCED: ConfigStatus.SYNCED, STALE: ConfigStatus.STALE, 'NOT SENT': ConfigStatus.NOT_SENT, ERROR: ConfigStatus.ERROR } as const;
/** What istioctl reads of a node's metadata. */
const METADATA = ['CLUSTER_ID', 'NAMESPACE', 'ISTIO_VERSION'] as const;

/** One proxy's entry, by the name that istioctl prints and asks for: NAME.NAMESPACE. */
export function clientConfig({ node, proxy, types }: ConnectionStatus, now: number): ClientConfig {
  const metadata = Object.fromEntries(METADATA.flatMap((key) => (typeof node.metadata?.[key] === 'string' ? [[key, node.metadata[key]]] : [])));
  const sorted = [...types].sort((a, b) => (a.typeUrl < b.typeUrl ? -1 : 1));
  return ClientConfig.fromPartial({ node: { id: proxy, metadata }, genericXdsConfigs: sorted.map((type) => xdsConfig(type, now)) });
}

function xdsConfig(type: TypeStatus, now: number): Partial<ClientConfig['genericXdsConfigs'][number]> {
  const at = type.sentAgoMs === undefined ? undefined : timestamp(now - type.sentAgoMs);
  return {
    typeUrl: type.typeUrl,
    configStatus: STATUS[syncStatus(type)],
    ...(at && { lastUpdated: at }),
    ...(type.error && { errorState: { details: type.error.message, ...(at && { lastUpdateAttempt: at }) } }),
  };
}

const timestamp = (ms: number): { seconds: bigint; nanos: number } => {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round(ms - seconds * 1000) * 1_000_000 };
};
