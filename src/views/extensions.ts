/**
 * Configurations of extensions, asked for by name over ECDS (EX-001). A proxy gets those of its own namespace and of the root namespace.
 */
import { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { keyOf } from '../api/resource.js';
import { defineBackends } from '../model/extension-providers.js';
import type { Mesh } from '../model/mesh.js';
import { pullSecretKey, pullSecretOf } from '../model/pull-secret.js';
import { extensionKey } from '../translate/extension/chain.js';
import { translateWasm } from '../translate/extension/wasm.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';

export interface ExtensionViews {
  /** What of a proxy decides about its extensions. */
  scope(proxyKey: string): string;
  extension(scope: string, name: string): EncodedResource | undefined;
}

const AGENT = 'agent';

export function defineExtensionViews(mesh: Mesh): ExtensionViews {
  const find = defineBackends(mesh.graph, mesh, 'extensionBackend');
  /** Key: scope and name. */
  const extension = mesh.graph.query(
    'wasmExtension',
    (key: string): EncodedResource | undefined => {
      const [namespace = '', kind, granted = '', ...rest] = key.split(' ');
      const name = rest.join(' ');
      const row = extensionKey(name);
      if (row === undefined || ![namespace, mesh.config().rootNamespace].includes(row.slice(0, row.indexOf('/')))) return undefined;
      const found = mesh.trafficExtensions.get(row);
      const secretKey = found && granted.split(',').includes(row) ? pullSecretKey(found) : undefined;
      const pullSecret = secretKey === undefined ? '' : pullSecretOf(mesh.rows.of('Secret').get(secretKey));
      const config = found && translateWasm(name, found, { hasAgent: kind === AGENT, find, pullSecret });
      return config && encodeResource(TypedExtensionConfig, name, config);
    },
    { equals: sameResource },
  );
  /** Extensions that hold at a proxy and whose registry wants credentials, which only a proven identity is told (EX-004). */
  const pulls = (proxyKey: string): readonly string[] => {
    const proxy = mesh.proxies.get(proxyKey);
    if (proxy === undefined || proxy.identity === '') return [];
    return mesh.trafficExtensions
      .of(proxy)
      .flatMap((row) => (pullSecretKey(row) === undefined ? [] : [keyOf(row)]))
      .sort();
  };
  return {
    scope(proxyKey) {
      const { namespace, istioVersion } = mesh.proxies.outboundScope(proxyKey);
      return istioVersion === '' ? `${namespace} stock ` : `${namespace} ${AGENT} ${pulls(proxyKey).join()}`;
    },
    extension: (scope, name) => extension.get(`${scope} ${name}`),
  };
}
