/**
 * How a cluster's connections are secured: the rule's tls block, else automatic mutual TLS per endpoint (DR-022..DR-028, PA-004..PA-006, PA-010, MC-008).
 * https://istio.io/latest/docs/concepts/security/#auto-mutual-tls
 */
import { Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { ClientTLSSettings } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { type CertificateSource, clientFiles, hasAgent } from '../../model/certificate-source.js';
import { outboundSni } from '../../model/names.js';
import { isDetected } from '../../model/protocol.js';
import { HTTP_ALPN } from '../http-filter/mesh-alpn.js';
import { proxyProtocolSocket, rawBufferSocket } from '../tls/sockets.js';
import { istioMutualContext, originatedContext, tlsTransportSocket } from '../tls/upstream.js';
import { type ClusterDraft, httpOptions } from './draft.js';
import type { OutboundClusterInput } from './outbound.js';
import { isExplicitHttp2 } from './upstream-protocol.js';

/** Without a tls block the endpoint's metadata chooses between mutual TLS and plain text, connection by connection. */
export function applyTransportSocket(draft: ClusterDraft, input: OutboundClusterInput): void {
  const tls = input.policy?.tls ?? undefined;
  const files = withOwnFiles(draft, input, tls);
  if (files !== undefined) return originate(draft, input, files);
  if (tls === undefined) {
    if (input.autoMutualTls) applyAutoMutualTls(draft, input);
    return;
  }
  if (tls.mode === 'ISTIO_MUTUAL') draft.cluster.transportSocket = tlsTransportSocket(mutualContext(draft, input, tls));
  else if (tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL') originate(draft, input, tls);
}

/**
 * PA-010: a node that names files of its own shows that certificate wherever mutual TLS was to be spoken, to every endpoint; only outside the mesh the
 * rule decides. What the rule says of names holds for its own settings alone.
 */
function withOwnFiles(draft: ClusterDraft, input: OutboundClusterInput, tls: ClientTLSSettings | undefined): ClientTLSSettings | undefined {
  const files = clientFiles(input.certificates);
  if (files === undefined) return undefined;
  const mutual = { mode: 'MUTUAL' as const, clientCertificate: files.pair.certificate, privateKey: files.pair.key, caCertificates: files.root ?? '' };
  if (tls === undefined) {
    if (!input.autoMutualTls) return undefined;
    return { ...mutual, sni: automaticSni(draft, input), subjectAltNames: [...input.serviceAccounts] };
  }
  if (input.service.meshExternal || (tls.mode !== 'MUTUAL' && tls.mode !== 'ISTIO_MUTUAL')) return undefined;
  const { sni = '', subjectAltNames = [], insecureSkipVerify } = tls;
  return { ...mutual, sni, subjectAltNames, ...(insecureSkipVerify === undefined ? {} : { insecureSkipVerify }) };
}

/** '' where the request's host is sent. */
function automaticSni({ discovery }: ClusterDraft, { service, port, subset }: OutboundClusterInput): string {
  return discovery === undefined ? '' : outboundSni(service.hostname, port.port, subset);
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
  const inner = (cluster.transportSocket as ReturnType<typeof rawBufferSocket> | undefined) ?? rawBufferSocket('raw_buffer');
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
  if (isDynamic) applyAutoSni(draft, tls ?? {}, tls?.subjectAltNames ?? []);
  // A stock Envoy must be told which connections carry HTTP: Istio's have a filter for that.
  if (!hasAgent(input.certificates) && isDetected(input.port.protocol)) draft.istioMetadata[HTTP_ALPN.key] = HTTP_ALPN.value;
  return istioMutualContext({
    sni: tls?.sni || automaticSni(draft, input),
    subjectAltNames: tls?.subjectAltNames ?? input.serviceAccounts,
    http2: isExplicitHttp2(draft),
    certificates: input.certificates,
    peerExchange: input.peerExchange === true,
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
