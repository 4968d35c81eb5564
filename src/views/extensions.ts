/**
 * Configurations of extensions, asked for by name over ECDS (EX-001). A proxy gets those of its own namespace and of the root namespace.
 */
import { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { defineBackends } from '../model/extension-providers.js';
import type { Mesh } from '../model/mesh.js';
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
      const [namespace = '', kind, ...rest] = key.split(' ');
      const name = rest.join(' ');
      const row = extensionKey(name);
      if (row === undefined || ![namespace, mesh.config().rootNamespace].includes(row.slice(0, row.indexOf('/')))) return undefined;
      const found = mesh.trafficExtensions.get(row);
      const config = found && translateWasm(name, found, { hasAgent: kind === AGENT, find });
      return config && encodeResource(TypedExtensionConfig, name, config);
    },
    { equals: sameResource },
  );
  return {
    scope(proxyKey) {
      const { namespace, istioVersion } = mesh.proxies.outboundScope(proxyKey);
      return `${namespace} ${istioVersion === '' ? 'stock' : AGENT}`;
    },
    extension: (scope, name) => extension.get(`${scope} ${name}`),
  };
}
