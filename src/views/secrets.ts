/**
 * Secrets by name for one proxy (XD-019): its own certificate, and what its identity is entitled to.
 * Each source answers for names it knows; a proxy that proved no identity gets nothing from any.
 */
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { Mesh } from '../model/mesh.js';
import { ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE } from '../model/names.js';
import type { Proxy } from '../model/proxy.js';
import { effectiveProxyConfig } from '../translate/listener/settings.js';
import { type KeyProvider, keyProvider } from '../translate/secret/private-key.js';
import { certificateSecret, trustSecret } from '../translate/secret/workload.js';
import { addedRoots } from './added-roots.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import { gatewaySecrets } from './gateway-secrets.js';

export interface SecretViews {
  /** The secret, or undefined where there is none or it is not for this proxy. */
  secret(proxyKey: string, name: string): EncodedResource | undefined;
}

/**
 * One kind of secret. Called inside a query; `proxy` has a proven identity. `provider` is who works with the proxy's private keys, if not Envoy itself.
 * Undefined: no such name, or not for this proxy.
 */
export type SecretSource = (proxy: Proxy, name: string, provider: KeyProvider | undefined) => EncodedResource | undefined;

export function defineSecretViews(mesh: Mesh): SecretViews {
  const sources: readonly SecretSource[] = [workloadSecrets(mesh), gatewaySecrets(mesh)];
  return {
    secret(proxyKey, name) {
      const proxy = mesh.proxies.get(proxyKey);
      if (proxy === undefined || proxy.identity === '') return undefined;
      const provider = providerOf(mesh, proxy);
      for (const source of sources) {
        const found = source(proxy, name, provider);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Few proxies have any; only theirs depend on the setting. */
function providerOf(mesh: Mesh, { key, keyProviders }: Proxy): KeyProvider | undefined {
  if (keyProviders === undefined) return undefined;
  return keyProvider(effectiveProxyConfig(mesh.config(), mesh.proxies.outboundScope(key).proxyConfig).privateKeyProvider, keyProviders);
}

/** The proxy's own certificate and the trust anchors, encoded once per identity. */
function workloadSecrets(mesh: Mesh): SecretSource {
  const { graph, rows } = mesh;
  /** Key: JSON of name, SPIFFE id, and added trust anchors or the provider of the key. */
  const secret = graph.query(
    'workloadSecret',
    (key: string): EncodedResource | undefined => {
      const [name, identity, added, provider] = JSON.parse(key) as [string, string, readonly string[], KeyProvider | undefined];
      const row = rows.certificates.get(identity);
      if (row === undefined) return undefined;
      return encodeResource(Secret, name, name === ROOT_CERTIFICATE ? trustSecret(name, row, added) : certificateSecret(name, row, provider));
    },
    { equals: sameResource },
  );
  return (proxy, name, provider) => {
    if (name === WORKLOAD_CERTIFICATE) return secret.get(JSON.stringify([name, proxy.identity, [], ...(provider ? [provider] : [])]));
    return name === ROOT_CERTIFICATE ? secret.get(JSON.stringify([name, proxy.identity, addedRoots(mesh, proxy.key)])) : undefined;
  };
}
