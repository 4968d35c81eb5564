/**
 * Which HTTP version the proxy speaks to the upstream: the port's, the client's own (detected ports), or an upgrade (DR-019, DR-020, MC-017).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/upstreams/http/v3/http_protocol_options.proto
 */
import type { Http1ProtocolOptions } from '@envoyproxy/xds-protos/envoy/config/core/v3/protocol.js';
import { PreserveCaseFormatterConfig } from '@envoyproxy/xds-protos/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.js';
import type { ConnectionPoolSettings } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { isDetected, isHttp, isHttp2, type Protocol } from '../../model/protocol.js';
import type { ProxyType } from '../../model/proxy.js';
import { toAny } from '../proto.js';
import { type ClusterDraft, httpOptions } from './draft.js';

/** HTTP/1 options that keep header names as the peer wrote them (ProxyConfig.proxyHeaders.preserveHttp1HeaderCase). */
export const preserveCase = (): Partial<Http1ProtocolOptions> => ({
  headerKeyFormat: {
    headerFormat: {
      $case: 'statefulFormatter',
      value: { name: 'preserve_case', typedConfig: toAny(PreserveCaseFormatterConfig, {}) },
    },
  },
});

/** Base protocol of a port. Detected ports follow the client, except behind gateways, which detect nothing. */
export function applyPortProtocol(draft: ClusterDraft, protocol: Protocol, type: ProxyType, keepHeaderCase: boolean): void {
  if (isHttp2(protocol)) {
    useHttp2(draft);
    return;
  }
  if (keepHeaderCase && (isHttp(protocol) || isDetected(protocol))) {
    httpOptions(draft).upstreamProtocolOptions = {
      $case: 'explicitHttpConfig',
      value: { protocolConfig: { $case: 'httpProtocolOptions', value: preserveCase() } },
    };
  }
  if (isDetected(protocol) && type !== 'router') useClientProtocol(draft);
}

/** True when the cluster speaks HTTP/2 whatever the client speaks. */
export function isExplicitHttp2(draft: ClusterDraft): boolean {
  const chosen = draft.http?.upstreamProtocolOptions;
  return chosen?.$case === 'explicitHttpConfig' && chosen.value?.protocolConfig?.$case === 'http2ProtocolOptions';
}

/** The upstream gets HTTP/2, unless another choice was made already. */
export function useHttp2(draft: ClusterDraft): void {
  httpOptions(draft).upstreamProtocolOptions ??= {
    $case: 'explicitHttpConfig',
    value: { protocolConfig: { $case: 'http2ProtocolOptions', value: {} } },
  };
}

/** The upstream gets what the client spoke. HTTP/1 options chosen before are kept. */
export function useClientProtocol(draft: ClusterDraft): void {
  const options = httpOptions(draft);
  const chosen = options.upstreamProtocolOptions;
  const explicit = chosen?.$case === 'explicitHttpConfig' ? chosen.value?.protocolConfig : undefined;
  const http1 = explicit?.$case === 'httpProtocolOptions' ? explicit.value : undefined;
  options.upstreamProtocolOptions = {
    $case: 'useDownstreamProtocolConfig',
    value: { httpProtocolOptions: http1 ?? {}, http2ProtocolOptions: {} },
  };
}

/** A rule's upgrade counts on any port: its author knows the port. The mesh's only where HTTP is declared. */
export function applyUpgrade(draft: ClusterDraft, pool: ConnectionPoolSettings | undefined, protocol: Protocol, mesh: EffectiveMeshConfig): void {
  const http = pool?.http;
  if (http?.useClientProtocol || http?.h2UpgradePolicy === 'DO_NOT_UPGRADE') return;
  if (http?.h2UpgradePolicy === 'UPGRADE' || (mesh.h2UpgradePolicy === 'UPGRADE' && isHttp(protocol))) useHttp2(draft);
}
