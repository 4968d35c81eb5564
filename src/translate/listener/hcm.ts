/**
 * HTTP connection managers of sidecars and gateways: one builder, told apart by {@link HcmOptions}. Envoy-shapes §4.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
 */
import { ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import type { Http1ProtocolOptions } from '@envoyproxy/xds-protos/envoy/config/core/v3/protocol.js';
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import type { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import {
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { PreserveCaseFormatterConfig } from '@envoyproxy/xds-protos/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.js';
import { UuidRequestIdConfig } from '@envoyproxy/xds-protos/envoy/extensions/request_id/uuid/v3/uuid.js';
import { hasAgent } from '../../model/certificate-source.js';
import { isHttp2, type Protocol } from '../../model/protocol.js';
import { httpAccessLogs } from '../access-log/index.js';
import type { DnsCache } from '../cluster/dns-cache.js';
import { httpFilters } from '../http-filter/index.js';
import type { HttpSecurity } from '../http-filter/security.js';
import { duration, type Partial, toAny } from '../proto.js';
import { httpStatsLogs } from '../stats-log/stats-log.js';
import { applyConnectionSettings } from './connection-settings.js';
import { translateInboundClientCert, translateProxyHeaders } from './proxy-headers.js';
import type { HttpSettings } from './settings.js';
import { translateTracing } from './tracing.js';

export interface HcmOptions {
  readonly side: 'inbound' | 'outbound' | 'gateway';
  /** Without Istio's closing `;`, which the builder adds. */
  readonly statPrefix: string;
  /** Name of a RouteConfiguration over RDS, or the configuration itself. */
  readonly routes: string | Partial<RouteConfiguration>;
  readonly protocol: Protocol;
  /** Authentication and authorization of the workload's own requests: inbound and at gateways. */
  readonly security?: HttpSecurity;
  /** At which extensions of users may be meant; 0 for any. */
  readonly port?: number;
  /** The filter chain ends mutual TLS of the mesh: for metrics. */
  readonly mutualTls?: boolean;
  /** Requests may name any host in an absolute URL: the explicit HTTP proxy. */
  readonly allowAbsoluteUrl?: boolean;
  readonly dnsCaches?: readonly DnsCache[];
  /** What only gateways set: use_remote_address, XFF hops, client certificate details, HTTP/1 options. Laid over the rest, field by field. */
  readonly extra?: Partial<HttpConnectionManager>;
}

const NONE = duration('0s');
const requestId = (useRequestIdForTraceSampling: boolean) => ({ typedConfig: toAny(UuidRequestIdConfig, { useRequestIdForTraceSampling }) });
const REQUEST_ID = requestId(true);
const PRESERVE_CASE: Partial<Http1ProtocolOptions> = {
  headerKeyFormat: {
    headerFormat: {
      $case: 'statefulFormatter',
      value: { name: 'preserve_case', typedConfig: toAny(PreserveCaseFormatterConfig, {}) },
    },
  },
};

/** The network filter that holds a connection manager. */
export function httpConnectionManager(options: HcmOptions, settings: HttpSettings): Partial<Filter> {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { $case: 'typedConfig', value: toAny(HttpConnectionManager, translateHcm(options, settings)) },
  };
}

/** The connection manager itself. */
export function translateHcm(
  { side, statPrefix, routes, protocol, security, port = 0, mutualTls = false, allowAbsoluteUrl, dnsCaches = [], extra }: HcmOptions,
  settings: HttpSettings,
): Partial<HttpConnectionManager> {
  const { proxyHeaders } = settings;
  const http1 = http1Options(settings, allowAbsoluteUrl === true);
  const manager: Partial<HttpConnectionManager> = {
    statPrefix: `${statPrefix};`,
    routeSpecifier: typeof routes === 'string' ? overAds(routes) : { $case: 'routeConfig', value: routes },
    httpFilters: httpFilters({
      marksHttp: !hasAgent(settings.certificates),
      side,
      protocol,
      suppressDebugHeaders: proxyHeaders.envoyDebugHeaders?.disabled === true,
      ...(security !== undefined && { security }),
      ...(settings.stats !== undefined && { stats: settings.stats }),
      ...(settings.self !== undefined && { self: settings.self, mutualTls }),
      ...(settings.sessions && { sessions: true }),
      ...(settings.istioFilters !== undefined && {
        istioFilters: settings.istioFilters,
        hidesFromStrangers: proxyHeaders.metadataExchangeHeaders?.mode === 'IN_MESH',
      }),
      ...(settings.extensions !== undefined && { extensions: settings.extensions, port }),
      dnsCaches,
    }),
    ...pathNormalization(settings),
    ...translateProxyHeaders(proxyHeaders, side),
    ...(side === 'inbound' ? translateInboundClientCert(proxyHeaders) : {}),
    ...(http1 === undefined ? {} : { httpProtocolOptions: http1 }),
    ...(side === 'inbound' && isHttp2(protocol) ? { http2ProtocolOptions: {} } : {}),
    ...(settings.idleTimeout === '' ? {} : { commonHttpProtocolOptions: { idleTimeout: duration(settings.idleTimeout) } }),
    ...(settings.tracing === undefined ? {} : { tracing: translateTracing(settings.tracing) }),
    accessLog: [...httpAccessLogs(settings.accessLogs), ...httpStatsLogs(settings.statsLog, mutualTls)],
    useRemoteAddress: false,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    streamIdleTimeout: NONE,
    proxy100Continue: true,
    requestIdExtension: settings.ignoresRequestIdForSampling === true ? requestId(false) : REQUEST_ID,
    ...extra,
  };
  if (settings.connection !== undefined) applyConnectionSettings(manager, settings.connection);
  return manager;
}

const overAds = (routeConfigName: string) => ({
  $case: 'rds' as const,
  value: {
    routeConfigName,
    configSource: {
      configSourceSpecifier: { $case: 'ads' as const, value: {} },
      initialFetchTimeout: NONE,
      resourceApiVersion: ApiVersion.V3,
    },
  },
});

function http1Options({ http10, proxyHeaders }: HttpSettings, allowAbsoluteUrl: boolean): Partial<Http1ProtocolOptions> | undefined {
  const preserveCase = proxyHeaders.preserveHttp1HeaderCase === true;
  if (!http10 && !allowAbsoluteUrl && !preserveCase) return undefined;
  return {
    ...(http10 ? { acceptHttp10: true } : {}),
    ...(allowAbsoluteUrl ? { allowAbsoluteUrl: true } : {}),
    ...(preserveCase ? PRESERVE_CASE : {}),
  };
}

/** MC-022 */
function pathNormalization({ pathNormalization: kind }: HttpSettings): Partial<HttpConnectionManager> {
  const mergeSlashes = kind === 'MERGE_SLASHES' || kind === 'DECODE_AND_MERGE_SLASHES';
  return {
    normalizePath: kind !== 'NONE',
    ...(mergeSlashes ? { mergeSlashes } : {}),
    pathWithEscapedSlashesAction: kind === 'DECODE_AND_MERGE_SLASHES' ? EscapedSlashes.UNESCAPE_AND_FORWARD : EscapedSlashes.KEEP_UNCHANGED,
  };
}
