/**
 * Istio's API types in the names that YAML uses. They come from the package @kubernetes-models/istio, which is made from
 * Istio's CRDs; here each nested message gets the name that Istio's own documentation gives it.
 * https://istio.io/latest/docs/reference/config/
 */

import type { IAuthorizationPolicy } from '../../generated/crds/istio/AuthorizationPolicy.js';
import type { IDestinationRule } from '../../generated/crds/istio/DestinationRule.js';
import type { IGateway } from '../../generated/crds/istio/Gateway.js';
import type { IPeerAuthentication } from '../../generated/crds/istio/PeerAuthentication.js';
import type { IRequestAuthentication } from '../../generated/crds/istio/RequestAuthentication.js';
import type { IServiceEntry } from '../../generated/crds/istio/ServiceEntry.js';
import type { ISidecar } from '../../generated/crds/istio/Sidecar.js';
import type { ITelemetry } from '../../generated/crds/istio/Telemetry.js';
import type { IVirtualService } from '../../generated/crds/istio/VirtualService.js';
import type { IWorkloadEntry } from '../../generated/crds/istio/WorkloadEntry.js';
import type { IWorkloadGroup } from '../../generated/crds/istio/WorkloadGroup.js';
import type { Resource } from './resource.js';

type Item<T> = NonNullable<T> extends readonly (infer I)[] ? I : never;

export type VirtualServiceSpec = NonNullable<IVirtualService['spec']>;
export type HTTPRoute = Item<VirtualServiceSpec['http']>;
export type HTTPMatchRequest = Item<HTTPRoute['match']>;
export type HTTPRouteDestination = Item<HTTPRoute['route']>;
export type Destination = NonNullable<HTTPRouteDestination['destination']>;
export type HTTPRewrite = NonNullable<HTTPRoute['rewrite']>;
export type HTTPRedirect = NonNullable<HTTPRoute['redirect']>;
export type HTTPDirectResponse = NonNullable<HTTPRoute['directResponse']>;
export type HTTPRetry = NonNullable<HTTPRoute['retries']>;
export type HTTPFaultInjection = NonNullable<HTTPRoute['fault']>;
export type HTTPMirrorPolicy = Item<HTTPRoute['mirrors']>;
export type CorsPolicy = NonNullable<HTTPRoute['corsPolicy']>;
export type Headers = NonNullable<HTTPRoute['headers']>;
export type StringMatch = { exact?: string; prefix?: string; regex?: string };
export type TLSRoute = Item<VirtualServiceSpec['tls']>;
export type TLSMatchAttributes = Item<TLSRoute['match']>;
export type TCPRoute = Item<VirtualServiceSpec['tcp']>;
export type L4MatchAttributes = Item<TCPRoute['match']>;
export type RouteDestination = Item<TCPRoute['route']>;

export type DestinationRuleSpec = NonNullable<IDestinationRule['spec']>;
export type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;
export type PortTrafficPolicy = Item<TrafficPolicy['portLevelSettings']>;
export type ConnectionPoolSettings = NonNullable<TrafficPolicy['connectionPool']>;
export type LoadBalancerSettings = NonNullable<TrafficPolicy['loadBalancer']>;
export type ConsistentHashLB = NonNullable<LoadBalancerSettings['consistentHash']>;
export type LocalityLoadBalancerSetting = NonNullable<LoadBalancerSettings['localityLbSetting']>;
export type OutlierDetection = NonNullable<TrafficPolicy['outlierDetection']>;
export type ClientTLSSettings = NonNullable<TrafficPolicy['tls']>;

export type GatewaySpec = NonNullable<IGateway['spec']>;
export type Server = Item<GatewaySpec['servers']>;
/** With the fields that the package's CRDs are too old for. */
export type ServerTLSSettings = NonNullable<Server['tls']> & { ecdhCurves?: string[]; insecureSkipVerify?: boolean };

export type ServiceEntrySpec = NonNullable<IServiceEntry['spec']>;
export type WorkloadEntrySpec = NonNullable<IWorkloadEntry['spec']>;
export type WorkloadGroupSpec = NonNullable<IWorkloadGroup['spec']>;
export type SidecarSpec = NonNullable<ISidecar['spec']>;
export type IstioIngressListener = Item<SidecarSpec['ingress']>;
export type IstioEgressListener = Item<SidecarSpec['egress']>;
export type PeerAuthenticationSpec = NonNullable<IPeerAuthentication['spec']>;
export type RequestAuthenticationSpec = NonNullable<IRequestAuthentication['spec']>;
export type AuthorizationPolicySpec = NonNullable<IAuthorizationPolicy['spec']>;
export type TelemetrySpec = NonNullable<ITelemetry['spec']>;

export type VirtualService = Resource<'VirtualService', VirtualServiceSpec>;
export type DestinationRule = Resource<'DestinationRule', DestinationRuleSpec>;
export type Gateway = Resource<'Gateway', GatewaySpec>;
export type ServiceEntry = Resource<'ServiceEntry', ServiceEntrySpec>;
export type WorkloadEntry = Resource<'WorkloadEntry', WorkloadEntrySpec>;
export type WorkloadGroup = Resource<'WorkloadGroup', WorkloadGroupSpec>;
export type Sidecar = Resource<'Sidecar', SidecarSpec>;
export type PeerAuthentication = Resource<'PeerAuthentication', PeerAuthenticationSpec>;
export type RequestAuthentication = Resource<'RequestAuthentication', RequestAuthenticationSpec>;
export type AuthorizationPolicy = Resource<'AuthorizationPolicy', AuthorizationPolicySpec>;
export type Telemetry = Resource<'Telemetry', TelemetrySpec>;
