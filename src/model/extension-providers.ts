/**
 * MeshConfig.extensionProviders: which one a name means, and where its backend is in the mesh (TE-015).
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
 */
import { isDeepStrictEqual } from 'node:util';
import type { ExtensionProvider } from '../api/mesh-config.js';
import type { Graph } from '../graph/graph.js';
import type { Mesh } from './mesh.js';
import { outboundClusterName } from './names.js';

/** Where a provider sends to: the host that it names and the cluster that reaches it. */
export interface Backend {
  readonly hostname: string;
  readonly cluster: string;
}

/** undefined for a service that is not in the mesh, or that several namespaces have. */
export type FindBackend = (service: string, port: number) => Backend | undefined;

/** Names are compared without regard to case, the first provider counts, as in the reference. */
export function findProvider(providers: readonly ExtensionProvider[], name: string): ExtensionProvider | undefined {
  const wanted = name.toLowerCase();
  return providers.find((provider) => provider.name.toLowerCase() === wanted);
}

/** The settings of one kind of provider (`zipkin`, `envoyHttpAls` …); undefined when the provider is of another kind. */
export function providerSettings<T>(provider: ExtensionProvider, kind: string): T | undefined {
  const settings = provider[kind];
  // `prometheus:` without a value is one too.
  if (settings === null) return {} as T;
  return typeof settings === 'object' ? (settings as T) : undefined;
}

/** `hostname`, where only one namespace has it, or `namespace/hostname`. Whether the port exists is not asked, as in the reference. */
export function findBackend({ services }: Pick<Mesh, 'services'>, service: string, port: number): Backend | undefined {
  const parts = service.split('/');
  const [namespace, hostname] = parts.length === 2 ? (parts as [string, string]) : [undefined, service];
  const found = services.byHostname(hostname).filter((one) => one.refused !== true && (namespace === undefined || one.namespace === namespace));
  const [first] = found;
  if (first === undefined || found.some((one) => one.namespace !== first.namespace)) return undefined;
  return { hostname, cluster: outboundClusterName(hostname, port) };
}

/** The same as a query of its own: services come and go without any effect unless the answer changes. */
export function defineBackends(graph: Graph, mesh: Pick<Mesh, 'services'>, name = 'providerBackend'): FindBackend {
  /** Key: port and service. */
  const backend = graph.query(
    name,
    (key: string): Backend | undefined => {
      const at = key.indexOf(' ');
      return findBackend(mesh, key.slice(at + 1), Number(key.slice(0, at)));
    },
    { equals: isDeepStrictEqual },
  );
  return (service, port) => (service === '' ? undefined : backend.get(`${port} ${service}`));
}
