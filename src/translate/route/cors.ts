/** CorsPolicy as per-route configuration of Envoy's CORS filter. VS-034. */

import type { DeepPartial } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { CorsPolicy as EnvoyCorsPolicy } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/cors/v3/cors.js';
import type { CorsPolicy, StringMatch } from '../../api/istio.js';
import { parseDuration, toAny } from '../proto.js';
import { wholePercent } from './percentage.js';
import type { RouteBlock } from './route-block.js';
import { stringMatcher } from './string-match.js';

/** HTTPRoute.corsPolicy. */
export const corsBlock: RouteBlock<CorsPolicy> = (draft, cors) => {
  if (cors === undefined) return;
  const policy: DeepPartial<EnvoyCorsPolicy> = {
    allowOriginStringMatch: origins(cors).flatMap((origin) => stringMatcher(origin) ?? []),
    allowMethods: (cors.allowMethods ?? []).join(','),
    allowHeaders: (cors.allowHeaders ?? []).join(','),
    exposeHeaders: (cors.exposeHeaders ?? []).join(','),
    filterEnabled: { defaultValue: wholePercent(100) },
    // What Envoy did before 1.30, and what applications behind Istio expect.
    forwardNotMatchingPreflights: cors.unmatchedPreflights !== 'IGNORE',
  };
  if (cors.allowCredentials !== undefined) policy.allowCredentials = cors.allowCredentials;
  if (cors.maxAge !== undefined) policy.maxAge = `${Math.trunc((parseDuration(cors.maxAge) ?? 0) / 1e9)}`;
  draft.route.typedPerFilterConfig = { ...draft.route.typedPerFilterConfig, 'envoy.filters.http.cors': toAny(EnvoyCorsPolicy, policy) };
};

/** `allowOrigin` is the older, exact form. */
function origins(cors: CorsPolicy): readonly StringMatch[] {
  if (cors.allowOrigins !== undefined && cors.allowOrigins.length > 0) return cors.allowOrigins as StringMatch[];
  return (cors.allowOrigin ?? []).map((exact) => ({ exact }));
}
