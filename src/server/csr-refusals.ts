/** Certificate requests that were refused → the log, in the words that their callers heard, and no more of them than of refused streams. */
import type { Logger } from '../telemetry/log.js';
import { PeerLogThrottle } from '../telemetry/peer-log-throttle.js';
import type { PeerInfo, Refusal } from '../xds/provider.js';
import { hostOf } from '../xds/quota.js';

export function csrRefusals(log: Pick<Logger, 'warn'>): (peer: PeerInfo, refusal: Refusal) => void {
  const throttle = new PeerLogThrottle();
  return ({ address }, { status, message }) => {
    const leftOut = throttle.take(`refused ${status}`, hostOf(address));
    if (leftOut !== undefined) log.warn({ peer: address, status, reason: message, ...(leftOut > 0 && { leftOut }) }, 'certificate request refused');
  };
}
