/** Mirrored requests: the single `mirror` of old and the list `mirrors`. VS-032, VS-033. */
import type { DeepPartial, RouteAction_RequestMirrorPolicy } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { Destination, HTTPMirrorPolicy, HTTPRoute } from '../../api/istio.js';
import { partsPerMillion, wholePercent } from './percentage.js';
import type { RouteBlock, RouteContext } from './route-block.js';

type Percentage = ReturnType<typeof partsPerMillion>;

/** HTTPRoute.mirror with its percentage fields. */
export const mirrorBlock: RouteBlock<NonNullable<HTTPRoute['mirror']>> = (draft, mirror, http, context) => {
  if (mirror !== undefined) add(draft.action, mirror as Destination, singleMirrorPercentage(http), context);
};

/** HTTPRoute.mirrors, after the single one. */
export const mirrorsBlock: RouteBlock<HTTPMirrorPolicy[]> = (draft, mirrors, _http, context) => {
  for (const mirror of mirrors ?? []) {
    if (mirror.destination === undefined) continue;
    const percentage = mirror.percentage === undefined ? wholePercent(100) : partsPerMillion(mirror.percentage);
    add(draft.action, mirror.destination as Destination, percentage, context);
  }
};

function add(
  action: { requestMirrorPolicies?: DeepPartial<RouteAction_RequestMirrorPolicy>[] },
  to: Destination,
  percentage: Percentage,
  context: RouteContext,
): void {
  if (percentage.numerator <= 0) return;
  action.requestMirrorPolicies = [
    ...(action.requestMirrorPolicies ?? []),
    {
      cluster: context.clusterOf(to),
      runtimeFraction: { defaultValue: percentage },
      // The copy must not appear as a second trace, nor with Envoy's "-shadow" host name.
      traceSampled: false,
      disableShadowHostSuffixAppend: true,
    },
  ];
}

function singleMirrorPercentage(http: HTTPRoute): Percentage {
  if (http.mirrorPercentage !== undefined) return partsPerMillion(http.mirrorPercentage);
  return wholePercent(http.mirrorPercent ?? http.mirror_percent ?? 100);
}
