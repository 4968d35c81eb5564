/**
 * Make before break, the make: what sends traffic to clusters waits until the client has accepted them. A CDS ACK from Envoy
 * means that the clusters are warm, so routes that come after it never meet a cluster that is not there.
 *
 * After a refused CDS response the client may lack clusters, so routes wait for the next CDS content to be accepted; but
 * not for ever: one bad cluster must not freeze the routing of a proxy, so after the limit they go on.
 */
import { hasContent } from './subscription.js';
import type { WatchedType } from './watched-type.js';

/** Since when routes have to wait, or undefined when they may go. `clusters` is the stream's cluster type, if it has one. */
export function gateClosedSince<Request>(clusters: WatchedType<Request> | undefined): number | undefined {
  if (clusters === undefined) return undefined;
  const { inFlight, nack } = clusters.subscription;
  const waiting = inFlight.find((sent) => hasContent(sent.draft));
  if (waiting !== undefined) return waiting.at;
  if (nack?.hadContent) return nack.at;
  // Newer clusters wait behind an older response: routes of the same change must not overtake them.
  return clusters.isStale && inFlight.length > 0 ? clusters.staleSince : undefined;
}
