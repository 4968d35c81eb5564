/** What the xDS protocol tells of itself → logs and metrics. A refusal by a proxy (NACK) is logged with Envoy's own words. */
import type { Logger } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { PeerLogThrottle } from '../telemetry/peer-log-throttle.js';
import type { TypeMetrics } from '../telemetry/xds-metrics.js';
import { TYPE } from '../views/type-urls.js';
import { GrpcStatus, type LimitName, type XdsObserver } from '../xds/provider.js';
import { hostOf } from '../xds/quota.js';
import { grpcCodeName } from './grpc-code-name.js';

const SHOWN_NAMES = 20;
/** What streams are refused with; their counts begin at 0, so that the first one shows. */
const REFUSALS = [GrpcStatus.INVALID_ARGUMENT, GrpcStatus.PERMISSION_DENIED, GrpcStatus.RESOURCE_EXHAUSTED, GrpcStatus.UNAUTHENTICATED];

/** Limits that are met before there is a stream to tell of them. */
const CONNECTION_LIMITS: ReadonlySet<LimitName> = new Set(['connections', 'connections_per_address', 'call_rate', 'header_bytes', 'http2']);

/** Short name of a type: `cds`; `other` for what we do not serve, because a peer chooses the text. */
const short = (typeUrl: string): string => TYPE[typeUrl] ?? 'other';

export function createObserver(log: Logger, { xds, certificates }: Metrics): XdsObserver {
  const { counts } = xds;
  const seriesOf = (typeUrl: string): TypeMetrics => xds.type(short(typeUrl), TYPE[typeUrl] === undefined ? 'other' : typeUrl);
  /** Types that a proxy refuses at present. */
  for (const status of REFUSALS) counts.refusedStreams.inc({ status: String(status) }, 0);
  const refusing = new Map<string, Set<TypeMetrics>>();
  const recover = (proxy: string, type: TypeMetrics): void => {
    const types = refusing.get(proxy);
    if (types?.delete(type) !== true) return;
    type.recovered(proxy);
    if (types.size === 0) refusing.delete(proxy);
  };
  const throttle = new PeerLogThrottle();
  const warn = (kind: string, peer: string, fields: object, message: string): void => {
    const leftOut = throttle.take(kind, hostOf(peer));
    if (leftOut !== undefined) log.warn({ peer, ...fields, ...(leftOut > 0 && { leftOut }) }, message);
  };
  return {
    received: (bytes) => xds.received(bytes),
    queued: (ms) => counts.queueTime.observe(ms / 1000),
    written: (ms) => counts.sendTime.observe(ms / 1000),
    connected({ proxy, node, peer, variant }) {
      xds.connected(node.metadata?.['ISTIO_VERSION'], 1);
      log.info({ proxy, node: node.id, peer: peer.address, variant, tls: !peer.plaintext }, 'proxy connected');
    },
    disconnected({ proxy, node, ms, status, message }) {
      xds.connected(node.metadata?.['ISTIO_VERSION'], -1);
      for (const type of refusing.get(proxy) ?? []) recover(proxy, type);
      if (status === GrpcStatus.DEADLINE_EXCEEDED) counts.writeTimeouts.inc();
      log.info({ proxy, ms: Math.round(ms), ...(status !== undefined && { status, reason: message }) }, 'proxy disconnected');
    },
    refused({ peer, status, message }) {
      counts.refusedStreams.inc({ status: String(status) });
      if (status === GrpcStatus.UNAUTHENTICATED) certificates.authenticationFailures.inc();
      warn(`refused ${status}`, peer.address, { status, reason: message }, 'stream refused');
    },
    limited({ limit, address, message, proxy }) {
      counts.limited.inc({ limit });
      // A refused stream is told by `refused`.
      if (proxy !== undefined || CONNECTION_LIMITS.has(limit)) warn(limit, address, { limit, proxy, reason: message }, 'over a limit');
    },
    pushed({ proxy, typeUrl, bytes, resources, removed, ms }) {
      seriesOf(typeUrl).pushed(ms / 1000, bytes);
      if (log.isLevelEnabled('debug')) log.debug({ proxy, type: short(typeUrl), bytes, resources, removed, ms }, 'pushed');
    },
    acked({ proxy, typeUrl }) {
      if (refusing.size > 0) recover(proxy, seriesOf(typeUrl));
    },
    nacked({ proxy, typeUrl, code, message, version, resources }) {
      const type = seriesOf(typeUrl);
      type.rejected(proxy, grpcCodeName(code));
      refusing.set(proxy, (refusing.get(proxy) ?? new Set()).add(type));
      const leftOut = throttle.take('nack', proxy);
      if (leftOut === undefined) return;
      const refused = { version, resources: resources.slice(0, SHOWN_NAMES), of: resources.length, envoy: message };
      log.error({ proxy, type: short(typeUrl), ...refused, ...(leftOut > 0 && { leftOut }) }, 'proxy refused a response (NACK)');
    },
    staleNonce({ typeUrl }) {
      seriesOf(typeUrl).expiredNonce();
    },
    gateExpired({ proxy, typeUrl, ms }) {
      counts.gatesExpired.inc();
      log.warn({ proxy, type: short(typeUrl), ms }, 'sent although its clusters were not accepted in time');
    },
    secretRefused({ proxy, peer }) {
      counts.secretsRefused.inc();
      log.warn({ proxy, peer: peer.address }, 'asked for secrets over plaintext: gets none');
    },
    readFailed({ proxy, typeUrl, error }) {
      counts.internalErrors.inc();
      log.error({ proxy, type: short(typeUrl), err: error }, 'could not compute a response; the proxy keeps what it has');
    },
  };
}
