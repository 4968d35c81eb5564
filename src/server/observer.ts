/** What the xDS protocol tells of itself → logs and metrics. A refusal by a proxy (NACK) is logged with Envoy's own words. */
import type { Logger } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { TYPE } from '../views/type-urls.js';
import { GrpcStatus, type XdsObserver } from '../xds/provider.js';

const SHOWN_NAMES = 20;

/** Short name of a type: `cds`; `other` for what we do not serve, because a peer chooses the text. */
const short = (typeUrl: string): string => TYPE[typeUrl] ?? 'other';

export function createObserver(log: Logger, metrics: Metrics): XdsObserver {
  /** Types that a proxy refuses at present. */
  const refusing = new Map<string, Set<string>>();
  const recover = (proxy: string, type: string): void => {
    const types = refusing.get(proxy);
    if (types?.delete(type) !== true) return;
    metrics.type(type).recovered(proxy);
    if (types.size === 0) refusing.delete(proxy);
  };
  return {
    connected({ proxy, node, peer, variant }) {
      metrics.proxies.inc();
      log.info({ proxy, node: node.id, peer: peer.address, variant, tls: !peer.plaintext }, 'proxy connected');
    },
    disconnected({ proxy, ms, status, message }) {
      metrics.proxies.dec();
      for (const type of refusing.get(proxy) ?? []) recover(proxy, type);
      if (status === GrpcStatus.DEADLINE_EXCEEDED) metrics.writeTimeouts.inc();
      log.info({ proxy, ms: Math.round(ms), ...(status !== undefined && { status, reason: message }) }, 'proxy disconnected');
    },
    refused({ peer, status, message }) {
      metrics.refusedStreams.inc({ status: String(status) });
      if (status === GrpcStatus.UNAUTHENTICATED) metrics.authenticationFailures.inc();
      log.warn({ peer: peer.address, status, reason: message }, 'stream refused');
    },
    pushed({ proxy, typeUrl, bytes, resources, removed, ms }) {
      const type = short(typeUrl);
      metrics.type(type).pushed(ms / 1000, bytes);
      if (log.isLevelEnabled('debug')) log.debug({ proxy, type, bytes, resources, removed, ms }, 'pushed');
    },
    acked({ proxy, typeUrl }) {
      if (refusing.size > 0) recover(proxy, short(typeUrl));
    },
    nacked({ proxy, typeUrl, message, version, resources }) {
      const type = short(typeUrl);
      metrics.type(type).rejected(proxy);
      const types = refusing.get(proxy) ?? new Set<string>();
      refusing.set(proxy, types.add(type));
      log.error(
        { proxy, type, version, resources: resources.slice(0, SHOWN_NAMES), of: resources.length, envoy: message },
        'proxy refused a response (NACK)',
      );
    },
    staleNonce({ typeUrl }) {
      metrics.type(short(typeUrl)).expiredNonce();
    },
    gateExpired({ proxy, typeUrl, ms }) {
      log.warn({ proxy, type: short(typeUrl), ms }, 'sent although its clusters were not accepted in time');
    },
    secretRefused({ proxy, peer }) {
      metrics.secretsRefused.inc();
      log.warn({ proxy, peer: peer.address }, 'asked for secrets over plaintext: gets none');
    },
    readFailed({ proxy, typeUrl, error }) {
      metrics.internalErrors.inc();
      log.error({ proxy, type: short(typeUrl), err: error }, 'could not compute a response; the proxy keeps what it has');
    },
  };
}
