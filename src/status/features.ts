/**
 * THE list of Gateway API's features, by the names that its conformance tests and the status of a GatewayClass have. What is supported is reported
 * in that status and listed in docs/gateway-api.md; each supported one has a case in test/status/features.test.ts.
 * https://github.com/kubernetes-sigs/gateway-api/tree/main/pkg/features
 */

export type FeatureGroup =
  | 'Gateway'
  | 'HTTPRoute'
  | 'GRPCRoute'
  | 'TLSRoute'
  | 'TCPRoute'
  | 'UDPRoute'
  | 'ReferenceGrant'
  | 'BackendTLSPolicy'
  | 'Mesh';

export interface Feature {
  readonly name: string;
  readonly group: FeatureGroup;
  readonly level: 'core' | 'extended';
  /** Why it is not supported; absent where it is. */
  readonly missing?: string;
}

const ON_BACKENDS = 'on a backend only header modifiers are supported';

const group = (
  name: FeatureGroup,
  core: readonly string[],
  extended: readonly string[],
  missing: Readonly<Record<string, string>> = {},
): readonly Feature[] => [
  ...core.map((feature): Feature => ({ name: feature, group: name, level: 'core', ...(missing[feature] && { missing: missing[feature] }) })),
  ...[...extended, ...Object.keys(missing).filter((feature) => !core.includes(feature))].map(
    (feature): Feature => ({ name: feature, group: name, level: 'extended', ...(missing[feature] && { missing: missing[feature] }) }),
  ),
];

/** Every feature that Gateway API 1.6 names. */
export const FEATURES: readonly Feature[] = [
  ...group(
    'Gateway',
    ['Gateway'],
    [
      'GatewayAddressEmpty',
      'GatewayFrontendClientCertificateValidation',
      'GatewayFrontendClientCertificateValidationInsecureFallback',
      'GatewayHTTPListenerIsolation',
      'GatewayInfrastructurePropagation',
      'GatewayPort8080',
      'ListenerSet',
    ],
    {
      GatewayBackendClientCertificate: 'client certificates towards backends are not read from Gateways',
      GatewayHTTPSListenerDetectMisdirectedRequests: 'requests for another listener’s host on a reused connection are not answered with 421',
      GatewayStaticAddresses: 'of a managed Gateway one address is asked of its load balancer, and no more',
    },
  ),
  ...group(
    'HTTPRoute',
    ['HTTPRoute'],
    [
      'HTTPRoute303RedirectStatusCode',
      'HTTPRoute307RedirectStatusCode',
      'HTTPRoute308RedirectStatusCode',
      'HTTPRouteBackendProtocolH2C',
      'HTTPRouteBackendProtocolWebSocket',
      'HTTPRouteBackendRequestHeaderModification',
      'HTTPRouteBackendTimeout',
      'HTTPRouteCORS',
      'HTTPRouteDestinationPortMatching',
      'HTTPRouteHostRewrite',
      'HTTPRouteMethodMatching',
      'HTTPRouteNamedRouteRule',
      'HTTPRouteParentRefPort',
      'HTTPRoutePathRedirect',
      'HTTPRoutePathRewrite',
      'HTTPRoutePortRedirect',
      'HTTPRouteQueryParamMatching',
      'HTTPRouteRequestMirror',
      'HTTPRouteRequestMultipleMirrors',
      'HTTPRouteRequestPercentageMirror',
      'HTTPRouteRequestTimeout',
      'HTTPRouteResponseHeaderModification',
      'HTTPRouteRetry',
      'HTTPRouteRetryConnectionError',
      'HTTPRouteSchemeRedirect',
    ],
    {
      HTTPRouteBackendRequestRedirect: ON_BACKENDS,
      HTTPRouteBackendURLRewrite: ON_BACKENDS,
      // As in the reference: Envoy counts a read timeout as `reset`, `gateway-error` or `5xx`, none of which is asked for.
      HTTPRouteRetryBackendTimeout: 'a backend that does not answer in time is not tried again',
    },
  ),
  ...group('GRPCRoute', ['GRPCRoute'], ['GRPCRouteNamedRouteRule', 'GRPCRouteRequestHeaderModifier']),
  ...group('TLSRoute', ['TLSRoute'], ['TLSRouteModeMixed', 'TLSRouteModeTerminate']),
  ...group('TCPRoute', ['TCPRoute'], []),
  ...group('UDPRoute', ['UDPRoute'], [], { UDPRoute: 'UDP is not supported' }),
  ...group('ReferenceGrant', ['ReferenceGrant'], []),
  ...group('BackendTLSPolicy', ['BackendTLSPolicy'], ['BackendTLSPolicySANValidation']),
  ...group(
    'Mesh',
    ['Mesh'],
    [
      'MeshClusterIPMatching',
      'MeshConsumerRoute',
      'MeshHTTPRouteBackendRequestHeaderModification',
      'MeshHTTPRouteNamedRouteRule',
      'MeshHTTPRouteQueryParamMatching',
      'MeshHTTPRouteRedirectPath',
      'MeshHTTPRouteRedirectPort',
      'MeshHTTPRouteRewritePath',
      'MeshHTTPRouteSchemeRedirect',
    ],
  ),
];

/** Names as the status of a GatewayClass has them: in ascending order. */
export const SUPPORTED_FEATURES: readonly string[] = FEATURES.filter(({ missing }) => missing === undefined)
  .map(({ name }) => name)
  .sort();
