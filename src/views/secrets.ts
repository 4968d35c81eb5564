/**
 * Secrets by name for one proxy (XD-019): its own certificate, and what its identity is entitled to.
 * Each source answers for names it knows; a proxy that proved no identity gets nothing from any.
 */
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { Mesh } from '../model/mesh.js';
import { ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE } from '../model/names.js';
import type { Proxy } from '../model/proxy.js';
import { certificateSecret, trustSecret } from '../translate/secret/workload.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import { gatewaySecrets } from './gateway-secrets.js';

export interface SecretViews {
  /** The secret, or undefined where there is none or it is not for this proxy. */
  secret(proxyKey: string, name: string): EncodedResource | undefined;
}

/** One kind of secret. Called inside a query; `proxy` has a proven identity. Undefined: no such name, or not for this proxy. */
export type SecretSource = (proxy: Proxy, name: string) => EncodedResource | undefined;

export function defineSecretViews(mesh: Mesh): SecretViews {
  const sources: readonly SecretSource[] = [workloadSecrets(mesh), gatewaySecrets(mesh)];
  return {
    secret(proxyKey, name) {
      const proxy = mesh.proxies.get(proxyKey);
      if (proxy === undefined || proxy.identity === '') return undefined;
      for (const source of sources) {
        const found = source(proxy, name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** The proxy's own certificate and the trust anchors, encoded once per identity. */
function workloadSecrets({ graph, rows }: Mesh): SecretSource {
  /** Key: `name|SPIFFE id`. */
  const secret = graph.query(
    'workloadSecret',
    (key: string): EncodedResource | undefined => {
      const at = key.indexOf('|');
      const name = key.slice(0, at);
      const row = rows.certificates.get(key.slice(at + 1));
      if (row === undefined) return undefined;
      return encodeResource(Secret, name, name === ROOT_CERTIFICATE ? trustSecret(name, row.rootPem) : certificateSecret(name, row));
    },
    { equals: sameResource },
  );
  return (proxy, name) => (name === WORKLOAD_CERTIFICATE || name === ROOT_CERTIFICATE ? secret.get(`${name}|${proxy.identity}`) : undefined);
}
