/**
 * TLS of a server: of gateways and of sidecars' ingress listeners.
 * https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
 */
import type { ServerTLSSettings } from '../api/istio.js';
import type { Findings } from './findings.js';

const CIPHERS = new Set(
  'ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA AES128-GCM-SHA256 AES256-GCM-SHA384 AES128-SHA AES256-SHA DES-CBC3-SHA'.split(
    ' ',
  ),
);

/** BoringSSL knows the suite, or it is an expression (`-ALL+…`) that is left to BoringSSL. */
const isCipher = (suite: string): boolean => suite === '' || suite === 'ALL' || !/^[\p{L}\p{N}]/u.test(suite) || CIPHERS.has(suite);

const set = (value: string | readonly unknown[] | undefined): boolean => value !== undefined && value.length > 0;

export function validateServerTls(tls: ServerTLSSettings | undefined, findings: Findings): void {
  if (tls === undefined) return;
  warnCiphers(tls, findings);
  const mode = tls.mode ?? 'PASSTHROUGH';
  const sources = ['serverCertificate', 'privateKey', 'caCertificates', 'tlsCertificates', 'credentialName', 'credentialNames'] as const;
  if (mode === 'ISTIO_MUTUAL') {
    for (const field of sources) if (set(tls[field])) findings.at(field).error('must not be set for mode ISTIO_MUTUAL');
    return;
  }
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    if (sources.some((field) => set(tls[field])) || set(tls.caCrl)) findings.warn(`mode ${mode} uses no certificates; they are ignored`);
  }
  const given = [set(tls.serverCertificate) && set(tls.privateKey), set(tls.credentialName), set(tls.credentialNames), set(tls.tlsCertificates)];
  if (given.filter(Boolean).length > 1)
    findings.error('only one of credentialName, credentialNames, tlsCertificates and serverCertificate with privateKey may be set');
  const mutual = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  const terminates = mutual || mode === 'SIMPLE';
  // With a credential everything comes from the secret.
  if (terminates && (set(tls.credentialName) || set(tls.credentialNames))) return;
  if (terminates) validateFiles(tls, mode, mutual, findings);
  if (set(tls.caCrl) && set(tls.credentialName)) findings.at('caCrl').error('must be in the credential');
  if (set(tls.caCrl) && mode === 'SIMPLE') findings.at('caCrl').error('must not be set for mode SIMPLE');
}

function validateFiles(tls: ServerTLSSettings, mode: string, mutual: boolean, findings: Findings): void {
  if (mutual && !set(tls.caCertificates)) findings.at('caCertificates').error(`is required for mode ${mode}`);
  const listed = tls.tlsCertificates ?? [];
  if (listed.length > 2) findings.at('tlsCertificates').warn('only two are used');
  const pairs =
    listed.length > 0 ? listed.map((pair, index) => ({ pair, at: findings.at('tlsCertificates', index) })) : [{ pair: tls, at: findings }];
  for (const { pair, at } of pairs)
    for (const field of ['serverCertificate', 'privateKey'] as const) if (!set(pair[field])) at.at(field).error(`is required for mode ${mode}`);
}

function warnCiphers(tls: ServerTLSSettings, findings: Findings): void {
  const suites = tls.cipherSuites ?? [];
  if (['TLSV1_0', 'TLSV1_1'].includes(tls.minProtocolVersion ?? '') && suites.length === 0)
    findings.at('minProtocolVersion').warn('needs cipherSuites: by default there are none for versions below TLSV1_2');
  for (const [index, suite] of suites.entries()) {
    if (!isCipher(suite)) findings.at('cipherSuites', index).warn(`'${suite}' is no cipher suite; it is ignored`);
    else if (suites.indexOf(suite) !== index) findings.at('cipherSuites', index).warn(`'${suite}' is there twice`);
  }
}
