/** HTTPRoute.route: one cluster or several with weights, each with its own header operations and hashing. VS-019, VS-020, VS-021. */
import type { DeepPartial, WeightedCluster_ClusterWeight } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { Destination, HTTPRouteDestination } from '../../api/istio.js';
import { hashPolicy } from './hash-policy.js';
import { headerOperations } from './headers.js';
import type { Draft, RouteBlock, RouteContext } from './route-block.js';
import { applySession } from './stateful-session.js';

/** HTTPRoute.route. Runs after headers and rewrite, whose host wins over a single destination's. */
export const destinationsBlock: RouteBlock<HTTPRouteDestination[]> = (draft, destinations, http, context) => {
  if (http.redirect !== undefined || http.directResponse !== undefined) return;
  if (draft.authority !== '') draft.action.hostRewriteSpecifier = { $case: 'hostRewriteLiteral', value: draft.authority };
  const all = destinations ?? [];
  const [only] = all;
  // A single destination's weight means nothing.
  const weighted = all.length === 1 ? [] : all.filter(({ weight }) => (weight ?? 0) > 0);
  if (all.length === 1 && only !== undefined) single(draft, only, context);
  else if (weighted.length > 0)
    draft.action.clusterSpecifier = { $case: 'weightedClusters', value: { clusters: weighted.map((to) => clusterWeight(draft, to, context)) } };
  for (const to of all.length === 1 ? all : weighted) applySession(draft.route, context.sessionOf?.(to.destination as Destination));
  // Envoy refuses an empty list of clusters, and with it all routes: answer for the missing destination instead.
  draft.route.action =
    draft.action.clusterSpecifier === undefined ? { $case: 'directResponse', value: { status: 500 } } : { $case: 'route', value: draft.action };
};

function single(draft: Draft, to: HTTPRouteDestination, context: RouteContext): void {
  const { route, action } = draft;
  action.clusterSpecifier = { $case: 'cluster', value: context.clusterOf(to.destination as Destination) };
  if (to.headers !== undefined) {
    const own = headerOperations(to.headers);
    route.requestHeadersToAdd = [...(route.requestHeadersToAdd ?? []), ...own.requestHeadersToAdd];
    route.requestHeadersToRemove = [...(route.requestHeadersToRemove ?? []), ...own.requestHeadersToRemove];
    route.responseHeadersToAdd = [...(route.responseHeadersToAdd ?? []), ...own.responseHeadersToAdd];
    route.responseHeadersToRemove = [...(route.responseHeadersToRemove ?? []), ...own.responseHeadersToRemove];
    if (own.authority !== '') action.hostRewriteSpecifier ??= { $case: 'hostRewriteLiteral', value: own.authority };
  }
  addHash(draft, to, context);
}

function clusterWeight(draft: Draft, to: HTTPRouteDestination, context: RouteContext): DeepPartial<WeightedCluster_ClusterWeight> {
  const cluster: DeepPartial<WeightedCluster_ClusterWeight> = { name: context.clusterOf(to.destination as Destination), weight: to.weight ?? 0 };
  if (to.headers !== undefined) {
    const { authority, ...operations } = headerOperations(to.headers);
    Object.assign(cluster, operations);
    if (authority !== '') cluster.hostRewriteSpecifier = { $case: 'hostRewriteLiteral', value: authority };
  }
  addHash(draft, to, context);
  return cluster;
}

function addHash({ action }: Draft, to: HTTPRouteDestination, context: RouteContext): void {
  const policy = hashPolicy(context.hashOf(to.destination as Destination));
  if (policy !== undefined) action.hashPolicy = [...(action.hashPolicy ?? []), policy];
}
