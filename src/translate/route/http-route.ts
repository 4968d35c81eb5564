/**
 * One route of a VirtualService, and all of them in order. VS-005, VS-017, VS-018, VS-041, VS-048.
 * The table below has one block per field of HTTPRoute; its order is the order of application.
 */
import { RouteAction_ClusterNotFoundResponseCode } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { HTTPMatchRequest, HTTPRoute } from '../../api/istio.js';
import { advertiseHttp3 } from './alt-svc.js';
import { corsBlock } from './cors.js';
import { traceOperation } from './decorator.js';
import { destinationsBlock } from './destinations.js';
import { directResponseBlock } from './direct-response.js';
import { faultBlock } from './fault.js';
import { headersBlock } from './headers.js';
import { isCatchAll, isForProxy, routeMatch } from './match.js';
import { mirrorBlock, mirrorsBlock } from './mirror.js';
import { redirectBlock } from './redirect.js';
import { retriesBlock } from './retries.js';
import { rewriteBlock } from './rewrite.js';
import type { Draft, RouteBlock, RouteBlocks, RouteContext, RouteDraft } from './route-block.js';
import { timeoutBlock } from './timeout.js';

/** Part of another block, named in the table so that it counts as handled. */
const withAnother: RouteBlock<unknown> = () => {};
/** Merged into the row before routes are made: model/virtual-service-delegates.ts. */
const resolvedEarlier: RouteBlock<unknown> = () => {};

const nameBlock: RouteBlock<string> = ({ route }, name, _http, _context, match) => {
  route.name = match?.name ? `${name ?? ''}.${match.name}` : (name ?? '');
};

const matchBlock: RouteBlock<HTTPMatchRequest[]> = ({ route }, _matches, _http, context, match) => {
  route.match = routeMatch(match, context.owner.semantics);
  if (match?.statPrefix) route.statPrefix = match.statPrefix;
};

const BLOCKS: RouteBlocks<HTTPRoute> = {
  name: nameBlock,
  match: matchBlock,
  delegate: resolvedEarlier,
  headers: headersBlock,
  redirect: redirectBlock,
  directResponse: directResponseBlock,
  timeout: timeoutBlock,
  rewrite: rewriteBlock,
  mirror: mirrorBlock,
  mirrorPercentage: withAnother,
  mirrorPercent: withAnother,
  mirror_percent: withAnother,
  mirrors: mirrorsBlock,
  route: destinationsBlock,
  retries: retriesBlock,
  fault: faultBlock,
  corsPolicy: corsBlock,
};

const BLOCK_NAMES = Object.keys(BLOCKS) as (keyof HTTPRoute)[];

/** Routes of a VirtualService for one listener: in order, cut after the first that matches everything. Empty when none holds here. */
export function httpRoutes(routes: readonly HTTPRoute[], context: RouteContext): RouteDraft[] {
  const made: RouteDraft[] = [];
  for (const http of routes) {
    const matches = http.match?.length ? http.match : [undefined];
    for (const match of matches) {
      const route = httpRoute(http, match, context);
      if (route !== undefined) made.push(route);
      if (match === undefined || (route !== undefined && isCatchAll(route.match ?? {}))) return made;
    }
  }
  return made;
}

/** One route, or undefined when its match can't hold on this proxy or when it has no possible action. */
export function httpRoute(http: HTTPRoute, match: HTTPMatchRequest | undefined, context: RouteContext): RouteDraft | undefined {
  if (match !== undefined && !isForProxy(match, context)) return undefined;
  const draft: Draft = { route: { metadata: configMetadata(context) }, action: {}, authority: '' };
  if (context.owner.semantics === 'gateway-api') {
    // https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref: a backend that is not there is the gateway's fault, not the backend's.
    draft.action.clusterNotFoundResponseCode = RouteAction_ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR;
  }
  for (const name of BLOCK_NAMES) (BLOCKS[name] as RouteBlock<unknown>)(draft, http[name], http, context, match);
  if (draft.route.action === undefined) return undefined;
  if (context.http3) advertiseHttp3(draft.route, context.listenPort);
  draft.route.decorator = { operation: traceOperation(draft.route, context) };
  return draft.route;
}

/** Shows in access logs and config dumps which VirtualService made the route. */
function configMetadata({ owner }: RouteContext): RouteDraft['metadata'] {
  return { filterMetadata: { istio: { config: `/apis/networking.istio.io/v1/namespaces/${owner.namespace}/virtual-service/${owner.name}` } } };
}
