/**
 * A workload's certificate → the two secrets that Envoy asks for over SDS: `default` and `ROOTCA` (XD-019).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/secret.proto
 */
import type { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { Partial } from '../proto.js';

const inline = (pem: string) => ({ specifier: { $case: 'inlineBytes' as const, value: Buffer.from(pem) } });

/** Certificate chain and key. */
export function certificateSecret(name: string, certificate: { certChainPem: string; privateKeyPem: string }): Partial<Secret> {
  const value = { certificateChain: inline(certificate.certChainPem), privateKey: inline(certificate.privateKeyPem) };
  return { name, type: { $case: 'tlsCertificate', value } };
}

/** Trust anchors. */
export function trustSecret(name: string, rootPem: string): Partial<Secret> {
  return { name, type: { $case: 'validationContext', value: { trustedCa: inline(rootPem) } } };
}
