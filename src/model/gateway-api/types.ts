/**
 * The Gateway API as conversion reads it: the fields that mean something to a mesh, with the names of the specification. The generated types leave
 * nested messages open, so these interfaces are what the compiler checks. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import type { Resource } from '../../api/resource.js';

/** Points to a Gateway, ListenerSet, Service or ServiceEntry that a route attaches to. */
export interface ParentReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

/** Points to a backend (BackendObjectReference), or to a Secret or ConfigMap (then without a port). */
export interface ObjectReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
}

export interface BackendReference extends ObjectReference {
  /** @default 1 */
  readonly weight?: number;
  readonly filters?: readonly RouteFilter[];
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface HeaderModifier {
  readonly set?: readonly Header[];
  readonly add?: readonly Header[];
  readonly remove?: readonly string[];
}

export interface PathModifier {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  readonly replaceFullPath?: string;
  readonly replacePrefixMatch?: string;
}

/** A filter of an HTTPRoute or GRPCRoute; `type` names the field that is set. */
export interface RouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderModifier;
  readonly responseHeaderModifier?: HeaderModifier;
  readonly requestRedirect?: {
    readonly scheme?: string;
    readonly hostname?: string;
    readonly path?: PathModifier;
    readonly port?: number;
    /** @default 302 */
    readonly statusCode?: number;
  };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: PathModifier };
  readonly requestMirror?: {
    readonly backendRef: ObjectReference;
    readonly percent?: number;
    readonly fraction?: { readonly numerator: number; readonly denominator?: number };
  };
  readonly cors?: {
    readonly allowOrigins?: readonly string[];
    readonly allowCredentials?: boolean;
    readonly allowMethods?: readonly string[];
    readonly allowHeaders?: readonly string[];
    readonly exposeHeaders?: readonly string[];
    /** Seconds. @default 5 */
    readonly maxAge?: number;
  };
}

/** A header or query parameter to match. */
export interface ValueMatch {
  /** @default 'Exact' */
  readonly type?: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

export interface HttpMatch {
  readonly path?: { readonly type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value?: string };
  readonly headers?: readonly ValueMatch[];
  readonly queryParams?: readonly ValueMatch[];
  readonly method?: string;
}

export interface GrpcMatch {
  readonly method?: { readonly type?: 'Exact' | 'RegularExpression'; readonly service?: string; readonly method?: string };
  readonly headers?: readonly ValueMatch[];
}

export interface RouteRule {
  readonly name?: string;
  readonly filters?: readonly RouteFilter[];
  readonly backendRefs?: readonly BackendReference[];
  readonly sessionPersistence?: unknown;
}

export interface HttpRule extends RouteRule {
  readonly matches?: readonly HttpMatch[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
  readonly retry?: { readonly codes?: readonly number[]; readonly attempts?: number; readonly backoff?: string };
}

export interface GrpcRule extends RouteRule {
  readonly matches?: readonly GrpcMatch[];
}

export interface RouteSpec<Rule> {
  readonly parentRefs?: readonly ParentReference[];
  readonly hostnames?: readonly string[];
  readonly rules?: readonly Rule[];
}

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute';
export type HttpRouteRow = Resource<'HTTPRoute', RouteSpec<HttpRule>>;
export type GrpcRouteRow = Resource<'GRPCRoute', RouteSpec<GrpcRule>>;
/** TLSRoute and TCPRoute; the latter has no hostnames. */
export type StreamRouteRow = Resource<'TLSRoute' | 'TCPRoute', RouteSpec<RouteRule>>;
export type RouteRow = HttpRouteRow | GrpcRouteRow | StreamRouteRow;

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface NamespaceChoice {
  readonly from?: 'All' | 'Same' | 'None' | 'Selector';
  readonly selector?: LabelSelector;
}

export interface Listener {
  readonly name: string;
  readonly hostname?: string;
  /** ListenerSets may leave it to the implementation, which we don't. */
  readonly port?: number;
  readonly protocol: string;
  readonly tls?: {
    /** @default 'Terminate' */
    readonly mode?: 'Terminate' | 'Passthrough';
    readonly certificateRefs?: readonly ObjectReference[];
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly allowedRoutes?: {
    /** @default { from: 'Same' } */
    readonly namespaces?: NamespaceChoice;
    readonly kinds?: readonly { readonly group?: string; readonly kind: string }[];
  };
}

/** What clients must show at listeners that end TLS. */
export interface FrontendTls {
  readonly validation?: {
    readonly caCertificateRefs?: readonly ObjectReference[];
    /** @default 'AllowValidOnly' */
    readonly mode?: 'AllowValidOnly' | 'AllowInsecureFallback';
  };
}

export interface GatewaySpec {
  readonly gatewayClassName: string;
  readonly listeners?: readonly Listener[];
  readonly addresses?: readonly { readonly type?: string; readonly value?: string }[];
  /** For who deploys proxies: on Kubernetes, src/gateways. */
  readonly infrastructure?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly parametersRef?: { readonly group: string; readonly kind: string; readonly name: string };
  };
  readonly allowedListeners?: { readonly namespaces?: NamespaceChoice };
  readonly tls?: {
    readonly frontend?: {
      readonly default?: FrontendTls;
      readonly perPort?: readonly { readonly port: number; readonly tls?: FrontendTls }[];
    };
    readonly backend?: unknown;
  };
}
export type GatewayRow = Resource<'K8sGateway', GatewaySpec>;
export type GatewayClassRow = Resource<'GatewayClass', { readonly controllerName?: string }>;
export type ListenerSetRow = Resource<'ListenerSet', { readonly parentRef: ParentReference; readonly listeners?: readonly Listener[] }>;

export interface GrantSpec {
  readonly from?: readonly { readonly group?: string; readonly kind: string; readonly namespace: string }[];
  readonly to?: readonly { readonly group?: string; readonly kind: string; readonly name?: string }[];
}
export type GrantRow = Resource<'ReferenceGrant', GrantSpec>;

export interface TargetReference {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  /** Name of a Service's port. */
  readonly sectionName?: string;
}

export type BackendTlsRow = Resource<
  'BackendTLSPolicy',
  {
    readonly targetRefs?: readonly TargetReference[];
    readonly validation: {
      readonly hostname: string;
      readonly caCertificateRefs?: readonly ObjectReference[];
      readonly wellKnownCACertificates?: string;
      readonly subjectAltNames?: readonly { readonly type: 'Hostname' | 'URI'; readonly hostname?: string; readonly uri?: string }[];
    };
    readonly options?: Readonly<Record<string, string>>;
  }
>;

export type BackendTrafficRow = Resource<
  'XBackendTrafficPolicy',
  {
    readonly targetRefs?: readonly TargetReference[];
    readonly retryConstraint?: {
      readonly budget?: { readonly percent?: number; readonly interval?: string };
      readonly minRetryRate?: { readonly count?: number };
    };
    readonly sessionPersistence?: unknown;
  }
>;
