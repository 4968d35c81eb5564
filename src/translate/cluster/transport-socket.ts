/**
 * How a cluster's connections are secured: the rule's tls block, else automatic mutual TLS per endpoint (DR-022..DR-028, PA-004..PA-006, MC-008).
 * https://istio.io/latest/docs/concepts/security/#auto-mutual-tls
 */
import { Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { ClientTLSSettings } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { outboundSni } from '../../model/names.js';
import { isDetected } from '../../model/protocol.js';
import type { CertificateSource } from '../../model/proxy.js';
import { HTTP_ALPN } from '../http-filter/mesh-alpn.js';
import { proxyProtocolSocket, rawBufferSocket } from '../tls/sockets.js';
import { istioMutualContext, originatedContext, tlsTransportSocket } from '../tls/upstream.js';
import { type ClusterDraft, httpOptions } from './draft.js';
import type { OutboundClusterInput } from './outbound.js';
import { isExplicitHttp2 } from './upstream-protocol.js';

/** Without a tls block the endpoint's metadata chooses between mutual TLS and plain text, connection by connection. */
export function applyTransportSocket(draft: ClusterDraft, input: OutboundClusterInput): void {
  const tls = input.policy?.tls ?? undefined;
  if (tls === undefined) {
    if (input.autoMutualTls) applyAutoMutualTls(draft, input);
    return;
  }
  if (tls.mode === 'ISTIO_MUTUAL') draft.cluster.transportSocket = tlsTransportSocket(mutualContext(draft, input, tls));
  else if (tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL') originate(draft, input, tls);
}

/** DR-028: around whatever sockets there are. */
export function applyProxyProtocol({ cluster }: ClusterDraft, settings: { readonly version?: 'V1' | 'V2' }): void {
  if (cluster.transportSocketMatches !== undefined) {
    cluster.transportSocketMatches = cluster.transportSocketMatches.map((match) => ({
      ...match,
      transportSocket: proxyProtocolSocket(match.transportSocket as ReturnType<typeof rawBufferSocket>, settings.version),
    }));
    return;
  }
  const inner = (cluster.transportSocket as ReturnType<typeof rawBufferSocket> | undefined) ?? rawBufferSocket();
  cluster.transportSocket = proxyProtocolSocket(inner, settings.version);
}

function applyAutoMutualTls(draft: ClusterDraft, input: OutboundClusterInput): void {
  const mutual = tlsTransportSocket(mutualContext(draft, input, undefined));
  // The original destination carries no endpoint metadata to choose by.
  if (draft.discovery === Cluster_DiscoveryType.ORIGINAL_DST) {
    draft.cluster.transportSocket = mutual;
    return;
  }
  draft.cluster.transportSocketMatches = [
    { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: mutual },
    { name: 'tlsMode-disabled', match: {}, transportSocket: rawBufferSocket() },
  ];
}

function mutualContext(draft: ClusterDraft, input: OutboundClusterInput, tls: ClientTLSSettings | undefined) {
  const isDynamic = draft.discovery === undefined;
  if (isDynamic && tls !== undefined) applyAutoSni(draft, tls, tls.subjectAltNames ?? []);
  // A stock Envoy must be told which connections carry HTTP: Istio's have a filter for that.
  if (input.certificates === 'ads' && isDetected(input.port.protocol)) draft.istioMetadata[HTTP_ALPN.key] = HTTP_ALPN.value;
  const ownSni = isDynamic ? '' : outboundSni(input.service.hostname, input.port.port, input.subset);
  return istioMutualContext({
    sni: tls?.sni || ownSni,
    subjectAltNames: tls?.subjectAltNames ?? input.serviceAccounts,
    http2: isExplicitHttp2(draft),
    certificates: input.certificates,
  });
}

function originate(draft: ClusterDraft, input: OutboundClusterInput, tls: ClientTLSSettings): void {
  // A Secret that every sidecar would ask for and few may read: only rules for chosen workloads, and gateways, get it (DR-026).
  const isSecret = !!tls.credentialName && !tls.credentialName.startsWith('configmap://');
  if (isSecret && input.proxyType === 'sidecar' && !input.rule?.hasSelector) return;
  const own = tls.subjectAltNames ?? [];
  applyAutoSni(draft, tls, own);
  const context = originatedContext({
    tls,
    subjectAltNames: own.length === 0 && input.service.registry === 'External' ? input.serviceAccounts : own,
    http2: isExplicitHttp2(draft),
    certificates: input.certificates,
    tlsDefaults: input.mesh.tlsDefaults,
  });
  if (context !== undefined) draft.cluster.transportSocket = tlsTransportSocket(context);
}

/** TLS to hosts that no service has, in the cluster that resolves them (MC-006). There is no rule that could give a sidecar a Secret. */
export function originateToUnknownHosts(
  draft: ClusterDraft,
  tls: ClientTLSSettings,
  certificates: CertificateSource,
  mesh: EffectiveMeshConfig,
): void {
  if (tls.credentialName && !tls.credentialName.startsWith('configmap://')) return;
  const subjectAltNames = tls.subjectAltNames ?? [];
  applyAutoSni(draft, tls, subjectAltNames);
  const context = originatedContext({ tls, subjectAltNames, http2: false, certificates, tlsDefaults: mesh.tlsDefaults });
  if (context !== undefined) draft.cluster.transportSocket = tlsTransportSocket(context);
}

/** Without an SNI of the rule the request's host is sent and, unless names were given, checked against the certificate. */
function applyAutoSni(draft: ClusterDraft, tls: ClientTLSSettings, names: readonly string[]): void {
  const isDynamic = draft.discovery === undefined;
  const autoSni = !tls.sni;
  const autoSanValidation = !tls.insecureSkipVerify && (isDynamic || (autoSni && names.length === 0));
  if (!autoSni && !autoSanValidation) return;
  httpOptions(draft).upstreamHttpProtocolOptions = { ...(autoSni ? { autoSni } : {}), ...(autoSanValidation ? { autoSanValidation } : {}) };
}
