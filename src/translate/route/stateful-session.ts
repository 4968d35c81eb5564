/** The session of a route's service (SD-060): what the filter stateful_session, which is the same for all routes, does on this one. */
import { StatefulSessionPerRoute } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/stateful_session/v3/stateful_session.js';
import { CookieBasedSessionState } from '@envoyproxy/xds-protos/envoy/extensions/http/stateful_session/cookie/v3/cookie.js';
import { HeaderBasedSessionState } from '@envoyproxy/xds-protos/envoy/extensions/http/stateful_session/header/v3/header.js';
import type { PersistentSession } from '../../model/persistent-session.js';
import { STATEFUL_SESSION } from '../http-filter/stateful-session.js';
import { toAny } from '../proto.js';
import type { RouteDraft } from './route-block.js';

/** The first session counts: a request has one endpoint, whichever of several services it goes to. */
export function applySession(route: RouteDraft, session: PersistentSession | undefined): void {
  if (session === undefined || route.typedPerFilterConfig?.[STATEFUL_SESSION] !== undefined) return;
  const sessionState =
    'header' in session
      ? { name: 'envoy.http.stateful_session.header', typedConfig: toAny(HeaderBasedSessionState, { name: session.header }) }
      : {
          name: 'envoy.http.stateful_session.cookie',
          // Without a lifetime: it ends with the browser's session.
          typedConfig: toAny(CookieBasedSessionState, { cookie: { name: session.cookie, path: session.path } }),
        };
  const config = toAny(StatefulSessionPerRoute, { override: { $case: 'statefulSession', value: { sessionState } } });
  route.typedPerFilterConfig = { ...route.typedPerFilterConfig, [STATEFUL_SESSION]: config };
}
