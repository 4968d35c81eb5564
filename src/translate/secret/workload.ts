/**
 * A workload's certificate → the two secrets that Envoy asks for over SDS: `default` and `ROOTCA` (XD-019).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/secret.proto
 */
import { X509Certificate } from 'node:crypto';
import type { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { Partial } from '../proto.js';
import { type KeyProvider, privateKey } from './private-key.js';

const inline = (pem: string) => ({ specifier: { $case: 'inlineBytes' as const, value: Buffer.from(pem) } });

/** Certificate chain and key. */
export function certificateSecret(
  name: string,
  certificate: { certChainPem: string; privateKeyPem: string },
  provider?: KeyProvider,
): Partial<Secret> {
  const value = { certificateChain: inline(certificate.certChainPem), ...privateKey(Buffer.from(certificate.privateKeyPem), provider) };
  return { name, type: { $case: 'tlsCertificate', value } };
}

/**
 * Trust anchors: the mesh's, and those that ProxyConfig.caCertificatesPem adds (PC-016), and what their CAs revoked (CA-014). An anchor that is no
 * certificate would cost Envoy all of them.
 */
export function trustSecret(name: string, { rootPem, crlPem }: { rootPem: string; crlPem?: string }, added: readonly string[] = []): Partial<Secret> {
  const pem = [rootPem, ...added.filter(isCertificate)].map((text) => text.trimEnd()).join('\n');
  const trustedCa = inline(added.length === 0 ? rootPem : `${pem}\n`);
  return { name, type: { $case: 'validationContext', value: { trustedCa, ...(crlPem !== undefined && { crl: inline(crlPem) }) } } };
}

export function isCertificate(pem: unknown): pem is string {
  if (typeof pem !== 'string') return false;
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
