/**
 * Kind → shape. Istio's and the Gateway API's kinds have the shape of their CRDs; of Kubernetes' own kinds only what Mizzen reads is checked.
 */
import type { Kind } from '../kinds.js';
import { authorizationPolicyShape } from './authorization-policy.js';
import { destinationRuleShape } from './destination-rule.js';
import { envoyFilterShape } from './envoy-filter.js';
import { gatewayShape } from './gateway.js';
import { backendTLSPolicyShape } from './gateway-backend-tls-policy.js';
import { gatewayClassShape } from './gateway-gateway-class.js';
import { grpcRouteShape } from './gateway-grpc-route.js';
import { httpRouteShape } from './gateway-http-route.js';
import { k8sGatewayShape } from './gateway-k8s-gateway.js';
import { listenerSetShape } from './gateway-listener-set.js';
import { referenceGrantShape } from './gateway-reference-grant.js';
import { tcpRouteShape } from './gateway-tcp-route.js';
import { tlsRouteShape } from './gateway-tls-route.js';
import { udpRouteShape } from './gateway-udp-route.js';
import { xBackendTrafficPolicyShape } from './gateway-x-backend-traffic-policy.js';
import { kubernetesShapes } from './kubernetes.js';
import { peerAuthenticationShape } from './peer-authentication.js';
import { proxyConfigShape } from './proxy-config.js';
import { requestAuthenticationShape } from './request-authentication.js';
import { serviceEntryShape } from './service-entry.js';
import type { Shape } from './shape.js';
import { sidecarShape } from './sidecar.js';
import { telemetryShape } from './telemetry.js';
import { trafficExtensionShape } from './traffic-extension.js';
import { virtualServiceShape } from './virtual-service.js';
import { wasmPluginShape } from './wasm-plugin.js';
import { workloadEntryShape } from './workload-entry.js';
import { workloadGroupShape } from './workload-group.js';

/** Shapes of specs, by row kind. */
export const shapes: Readonly<Partial<Record<Kind, Shape>>> = {
  AuthorizationPolicy: authorizationPolicyShape,
  DestinationRule: destinationRuleShape,
  EnvoyFilter: envoyFilterShape,
  BackendTLSPolicy: backendTLSPolicyShape,
  GatewayClass: gatewayClassShape,
  GRPCRoute: grpcRouteShape,
  HTTPRoute: httpRouteShape,
  K8sGateway: k8sGatewayShape,
  ListenerSet: listenerSetShape,
  ReferenceGrant: referenceGrantShape,
  TCPRoute: tcpRouteShape,
  TLSRoute: tlsRouteShape,
  UDPRoute: udpRouteShape,
  XBackendTrafficPolicy: xBackendTrafficPolicyShape,
  Gateway: gatewayShape,
  PeerAuthentication: peerAuthenticationShape,
  ProxyConfig: proxyConfigShape,
  RequestAuthentication: requestAuthenticationShape,
  ServiceEntry: serviceEntryShape,
  Sidecar: sidecarShape,
  Telemetry: telemetryShape,
  TrafficExtension: trafficExtensionShape,
  VirtualService: virtualServiceShape,
  WasmPlugin: wasmPluginShape,
  WorkloadEntry: workloadEntryShape,
  WorkloadGroup: workloadGroupShape,
  ...kubernetesShapes,
};
