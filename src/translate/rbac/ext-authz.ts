/**
 * External authorizers of MeshConfig.extensionProviders as the configuration of Envoy's ext_authz filters (AZ-031, AZ-032).
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider-EnvoyExternalAuthorizationHttpProvider
 */
import { ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import type { GrpcService } from '@envoyproxy/xds-protos/envoy/config/core/v3/grpc_service.js';
import type { BufferSettings, ExtAuthz, HttpService } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/ext_authz/v3/ext_authz.js';
import type { ExtAuthz as NetworkExtAuthz } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/ext_authz/v3/ext_authz.js';
import type { ListStringMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/string.js';
import { StatusCode } from '@envoyproxy/xds-protos/envoy/type/v3/http_status.js';
import type { ExtensionProvider } from '../../api/mesh-config.js';
import { duration, type Partial, parseDuration } from '../proto.js';
import { ignoringCase, textMatcher } from './text-match.js';

/** Fields of both kinds, as YAML has them. */
interface Settings {
  readonly service?: string;
  readonly port?: number;
  readonly timeout?: string;
  readonly failOpen?: boolean;
  readonly statusOnError?: string;
  readonly pathPrefix?: string;
  readonly includeRequestHeadersInCheck?: readonly string[];
  /** The old name of the one above. */
  readonly includeHeadersInCheck?: readonly string[];
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>;
  readonly includeRequestBodyInCheck?: Partial<BufferSettings>;
  readonly headersToUpstreamOnAllow?: readonly string[];
  readonly headersToDownstreamOnDeny?: readonly string[];
  readonly headersToDownstreamOnAllow?: readonly string[];
}

/** Where a provider's service is: its name and the cluster that reaches it. */
export interface Destination {
  readonly hostname: string;
  readonly cluster: string;
}
/** undefined for a service that is not in the mesh, or that several namespaces have. */
export type FindDestination = (service: string, port: number) => Destination | undefined;

export interface ExternalAuthorizer {
  readonly http: Partial<ExtAuthz>;
  /** Only gRPC authorizers judge byte streams. */
  readonly tcp?: Partial<NetworkExtAuthz>;
}

const DEFAULT_TIMEOUT = '600s';

/** undefined for what cannot be used: the caller then denies. */
export function externalAuthorizer(provider: ExtensionProvider, find: FindDestination): ExternalAuthorizer | undefined {
  const http = settingsOf(provider['envoyExtAuthzHttp']);
  const settings = http ?? settingsOf(provider['envoyExtAuthzGrpc']);
  if (settings === undefined || !isProviderName(provider.name)) return undefined;
  const { service = '', port = 0, timeout = DEFAULT_TIMEOUT, statusOnError = '' } = settings;
  const status = statusOnError === '' ? undefined : statusCode(statusOnError);
  const destination = Number.isInteger(port) && port >= 1 && port <= 65535 ? find(service, port) : undefined;
  const isUsable = parseDuration(timeout) !== undefined && (statusOnError === '' || status !== undefined);
  if (destination === undefined || !isUsable) return undefined;
  const shared = { failureModeAllow: settings.failOpen === true, transportApiVersion: ApiVersion.V3 };
  const forHttp = {
    ...shared,
    ...(status !== undefined && { statusOnError: { code: status } }),
    ...(settings.includeRequestBodyInCheck !== undefined && { withRequestBody: settings.includeRequestBodyInCheck }),
  };
  if (http !== undefined) {
    if (hasBareWildcard(http) || !(http.pathPrefix || '/').startsWith('/')) return undefined;
    return { http: { ...forHttp, ...httpCheck(http, destination, timeout) } };
  }
  const grpcService: Partial<GrpcService> = {
    targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: destination.cluster, authority: destination.hostname } },
    timeout: duration(timeout),
  };
  return {
    http: { ...forHttp, services: { $case: 'grpcService', value: grpcService } },
    tcp: { ...shared, statPrefix: 'tcp.', grpcService },
  };
}

const settingsOf = (value: unknown): Settings | undefined => (typeof value === 'object' && value !== null ? (value as Settings) : undefined);

function httpCheck(settings: Settings, { hostname, cluster }: Destination, timeout: string): Partial<ExtAuthz> {
  const { headersToUpstreamOnAllow, headersToDownstreamOnDeny, headersToDownstreamOnAllow } = settings;
  const included = headers(settings.includeRequestHeadersInCheck) ?? headers(settings.includeHeadersInCheck);
  const additional = Object.entries(settings.includeAdditionalHeadersInCheck ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const response = {
    ...named('allowedUpstreamHeaders', headers(headersToUpstreamOnAllow)),
    ...named('allowedClientHeaders', headers(headersToDownstreamOnDeny)),
    ...named('allowedClientHeadersOnSuccess', headers(headersToDownstreamOnAllow)),
  };
  const service: Partial<HttpService> = {
    // The URI's host becomes the Host header of the check; where it goes is the cluster's business.
    serverUri: { uri: `http://${hostname}`, httpUpstreamType: { $case: 'cluster', value: cluster }, timeout: duration(timeout) },
    pathPrefix: settings.pathPrefix ?? '',
    ...(additional.length > 0 && { authorizationRequest: { headersToAdd: additional.map(([key, value]) => ({ key, value })) } }),
    ...(Object.keys(response).length > 0 && { authorizationResponse: response }),
  };
  return { services: { $case: 'httpService', value: service }, ...named('allowedHeaders', included) };
}

const named = <K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } =>
  value === undefined ? {} : ({ [name]: value } as { [key in K]: T });

const headers = (names: readonly string[] | undefined): Partial<ListStringMatcher> | undefined =>
  names === undefined || names.length === 0 ? undefined : { patterns: names.map((name) => ignoringCase(textMatcher(name))) };

/** Envoy has no matcher for "every header" here. */
const hasBareWildcard = (settings: Settings): boolean =>
  [
    settings.includeRequestHeadersInCheck,
    settings.includeHeadersInCheck,
    settings.headersToDownstreamOnDeny,
    settings.headersToDownstreamOnAllow,
    settings.headersToUpstreamOnAllow,
  ].some((names) => names?.includes('*'));

/** Names become parts of policy names and metadata: letters, digits and dashes of a DNS label. */
const isProviderName = (name: string): boolean => name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);

/** A status that Envoy can answer with; its list begins with 0, which is none. */
function statusCode(text: string): StatusCode | undefined {
  const code = /^[1-9]\d{2}$/.test(text) ? Number(text) : Number.NaN;
  return StatusCode[code] === undefined ? undefined : (code as StatusCode);
}
