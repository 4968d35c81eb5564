/**
 * The Gateway API kinds in the names that YAML uses, from the package @kubernetes-models/gateway-api.
 * https://gateway-api.sigs.k8s.io/reference/spec/
 * Gateway API's Gateway is the row kind `K8sGateway`: Istio has a kind of the same name.
 */
import type { IBackendTLSPolicy } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/BackendTLSPolicy';
import type { IGateway } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway';
import type { IGatewayClass } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GatewayClass';
import type { IGRPCRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GRPCRoute';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import type { IListenerSet } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/ListenerSet';
import type { IReferenceGrant } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/ReferenceGrant';
import type { ITLSRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/TLSRoute';
import type { ITCPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2/TCPRoute';
import type { IUDPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2/UDPRoute';
import type { IXBackendTrafficPolicy } from '@kubernetes-models/gateway-api/gateway.networking.x-k8s.io/v1alpha1/XBackendTrafficPolicy';
import type { Resource } from './resource.js';

export type K8sGatewaySpec = NonNullable<IGateway['spec']>;
export type GatewayClassSpec = NonNullable<IGatewayClass['spec']>;
export type K8sHTTPRouteSpec = NonNullable<IHTTPRoute['spec']>;
export type GRPCRouteSpec = NonNullable<IGRPCRoute['spec']>;
export type K8sTLSRouteSpec = NonNullable<ITLSRoute['spec']>;
export type K8sTCPRouteSpec = NonNullable<ITCPRoute['spec']>;
export type UDPRouteSpec = NonNullable<IUDPRoute['spec']>;
export type ReferenceGrantSpec = NonNullable<IReferenceGrant['spec']>;
export type BackendTLSPolicySpec = NonNullable<IBackendTLSPolicy['spec']>;
export type ListenerSetSpec = NonNullable<IListenerSet['spec']>;
export type XBackendTrafficPolicySpec = NonNullable<IXBackendTrafficPolicy['spec']>;

export type K8sGateway = Resource<'K8sGateway', K8sGatewaySpec>;
export type GatewayClass = Resource<'GatewayClass', GatewayClassSpec>;
export type HTTPRoute = Resource<'HTTPRoute', K8sHTTPRouteSpec>;
export type GRPCRoute = Resource<'GRPCRoute', GRPCRouteSpec>;
export type TLSRoute = Resource<'TLSRoute', K8sTLSRouteSpec>;
export type TCPRoute = Resource<'TCPRoute', K8sTCPRouteSpec>;
export type UDPRoute = Resource<'UDPRoute', UDPRouteSpec>;
export type ReferenceGrant = Resource<'ReferenceGrant', ReferenceGrantSpec>;
export type BackendTLSPolicy = Resource<'BackendTLSPolicy', BackendTLSPolicySpec>;
/** Also read from the older kind XListenerSet. */
export type ListenerSet = Resource<'ListenerSet', ListenerSetSpec>;
export type XBackendTrafficPolicy = Resource<'XBackendTrafficPolicy', XBackendTrafficPolicySpec>;
