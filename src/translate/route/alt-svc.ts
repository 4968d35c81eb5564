/** Answers tell clients that the same port speaks HTTP/3 (GW-027). https://www.rfc-editor.org/rfc/rfc7838#section-3 */
import type { RouteDraft } from './route-block.js';

/** For how long a client may remember it, in seconds: a day, as in the reference. */
const MAX_AGE = 86_400;

export function advertiseHttp3(route: RouteDraft, port: number): void {
  const header = { key: 'alt-svc', value: `h3=":${port}"; ma=${MAX_AGE}` };
  route.responseHeadersToAdd = [...(route.responseHeadersToAdd ?? []), { header }];
}
