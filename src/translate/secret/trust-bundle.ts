/** The CAs that workloads trust, as Istio's agent takes them (XD-022): one certificate an item. */
import type { ProxyConfig } from '@envoyproxy/xds-protos/istio/mesh/v1alpha1/proxy.js';
import { isCertificate } from './workload.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** `rootPem`: the mesh's, one after another. `added`: those of ProxyConfig.caCertificatesPem; what is no CA's certificate is left out. */
export function trustBundle(rootPem: string, added: readonly string[]): ProxyConfig {
  const roots = [rootPem, ...added.filter(isCertificate)].flatMap((pem) => pem.match(CERTIFICATE) ?? []);
  return { caCertificatesPem: [...new Set(roots)].map((pem) => `${pem}\n`) };
}
