/**
 * The Gateway API kinds in the names that YAML uses, from the package @kubernetes-models/gateway-api.
 * https://gateway-api.sigs.k8s.io/reference/spec/
 * Gateway API's Gateway is the row kind `K8sGateway`: Istio has a kind of the same name.
 */
import type { IBackendTLSPolicy } from '../../generated/crds/gateway-api/BackendTLSPolicy.js';
import type { IGateway } from '../../generated/crds/gateway-api/Gateway.js';
import type { IGatewayClass } from '../../generated/crds/gateway-api/GatewayClass.js';
import type { IGRPCRoute } from '../../generated/crds/gateway-api/GRPCRoute.js';
import type { IHTTPRoute } from '../../generated/crds/gateway-api/HTTPRoute.js';
import type { IListenerSet } from '../../generated/crds/gateway-api/ListenerSet.js';
import type { IReferenceGrant } from '../../generated/crds/gateway-api/ReferenceGrant.js';
import type { ITCPRoute } from '../../generated/crds/gateway-api/TCPRoute.js';
import type { ITLSRoute } from '../../generated/crds/gateway-api/TLSRoute.js';
import type { IUDPRoute } from '../../generated/crds/gateway-api/UDPRoute.js';
import type { IXBackendTrafficPolicy } from '../../generated/crds/gateway-api/XBackendTrafficPolicy.js';
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
