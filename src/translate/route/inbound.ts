/** The route configuration inside an inbound filter chain: everything to the application. Used by translate/listener. envoy-shapes §7. */
import type { DeepPartial, RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import type { HTTPRetry } from '../../api/istio.js';
import type { Protocol } from '../../model/protocol.js';
import { inboundRetryPolicy } from './retries.js';
import { NONE } from './timeout.js';

/** What an inbound chain knows about where its requests end. */
export interface InboundRoute {
  /** Also the name of the route configuration: `inbound|8080||`, or InboundPassthroughCluster. */
  readonly clusterName: string;
  /** Host that traces show; '' for the catch-all chain. */
  readonly hostname: string;
  /** Service port; 0 for the catch-all chain. */
  readonly servicePort: number;
  readonly protocol: Protocol;
  /** MeshConfig.defaultInboundHttpRetryPolicy. */
  readonly defaultRetries: HTTPRetry | undefined;
}

/** One virtual host for all hosts with one route without limits. */
export function inboundRouteConfiguration(inbound: InboundRoute): DeepPartial<RouteConfiguration> {
  // A retry replays what Envoy has buffered; a gRPC stream can't be replayed.
  const isGrpc = inbound.protocol === 'GRPC' || inbound.protocol === 'GRPC-Web';
  return {
    name: inbound.clusterName,
    virtualHosts: [
      {
        name: `inbound|http|${inbound.servicePort}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { pathSpecifier: { $case: 'prefix', value: '/' } },
            decorator: { operation: `${inbound.hostname}:${inbound.servicePort}/*` },
            action: {
              $case: 'route',
              value: {
                clusterSpecifier: { $case: 'cluster', value: inbound.clusterName },
                timeout: NONE,
                maxStreamDuration: { maxStreamDuration: NONE, grpcTimeoutHeaderMax: NONE },
                retryPolicy: isGrpc ? undefined : inboundRetryPolicy(inbound.defaultRetries),
              },
            },
          },
        ],
      },
    ],
    validateClusters: false,
  };
}
