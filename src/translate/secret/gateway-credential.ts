/**
 * A credential's Secret or ConfigMap → Envoy's Secret (GW-016). Two layouts are read: `cert`, `key`, `cacert`, `crl`, and those of
 * kubernetes.io/tls: `tls.crt`, `tls.key`, `ca.crt`, `ca.crl`, `tls.ocsp-staple`.
 * https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/#key-formats
 */
import type { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { ConfigMapSpec, SecretSpec } from '../../api/kubernetes.js';
import type { Partial } from '../proto.js';
import { type KeyProvider, privateKey } from './private-key.js';

/** Values by key; undefined and empty count alike. */
export type CredentialData = (key: string) => Buffer | undefined;

const LAYOUTS = [
  { certificate: 'cert', key: 'key', ca: 'cacert', crl: 'crl' },
  { certificate: 'tls.crt', key: 'tls.key', ca: 'ca.crt', crl: 'ca.crl', staple: 'tls.ocsp-staple' },
] as const;

/** Plain values count before encoded ones, as when Kubernetes stores such a Secret. */
export const secretData =
  ({ data = {}, stringData = {} }: SecretSpec): CredentialData =>
  (key) =>
    filled(stringData[key] === undefined ? Buffer.from(data[key] ?? '', 'base64') : Buffer.from(stringData[key]));

export const configMapData =
  ({ data = {} }: ConfigMapSpec): CredentialData =>
  (key) =>
    filled(Buffer.from(data[key] ?? ''));

const filled = (value: Buffer): Buffer | undefined => (value.length === 0 ? undefined : value);

/** Certificate chain and key; undefined when no layout has both. */
export function credentialCertificate(name: string, data: CredentialData, provider?: KeyProvider): Partial<Secret> | undefined {
  for (const layout of LAYOUTS) {
    const certificate = data(layout.certificate);
    const key = data(layout.key);
    if (certificate === undefined || key === undefined) continue;
    const staple = 'staple' in layout ? data(layout.staple) : undefined;
    const value = {
      certificateChain: inline(certificate),
      ...privateKey(key, provider),
      ...(staple === undefined ? {} : { ocspStaple: inline(staple) }),
    };
    return { name, type: { $case: 'tlsCertificate', value } };
  }
  return undefined;
}

/** The CA that client (or server) certificates are checked against, with its revocation list. */
export function credentialCa(name: string, data: CredentialData): Partial<Secret> | undefined {
  for (const layout of LAYOUTS) {
    const ca = data(layout.ca);
    if (ca === undefined) continue;
    const crl = data(layout.crl);
    return { name, type: { $case: 'validationContext', value: { trustedCa: inline(ca), ...(crl === undefined ? {} : { crl: inline(crl) }) } } };
  }
  return undefined;
}

const inline = (value: Buffer) => ({ specifier: { $case: 'inlineBytes' as const, value } });
