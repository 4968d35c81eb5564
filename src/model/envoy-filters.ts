/**
 * Which patches of which EnvoyFilters hold for a proxy, in the order in which they apply (EF-001, EF-002, EF-004): by priority, the root
 * namespace's first, then by age. A proxy's patches are a slice of its own, so that the scopes of translation stay as they are without them.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/
 */
import { RE2JS } from 're2js';
import type { EnvoyFilter } from '../api/extensions.js';
import { keyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import type { KnownProxies } from './known-proxies.js';
import { type Labels, selects } from './labels.js';
import type { Mesh } from './mesh.js';
import type { Proxy } from './proxy.js';
import { internScope, scopeOf } from './scope.js';

export type ConfigPatch = NonNullable<EnvoyFilter['spec']['configPatches']>[number];

/** The patches of one proxy: proxies with equal ones share what is patched. */
export interface PatchSelection {
  readonly id: string;
  /** Key of the EnvoyFilter and index in its `configPatches`. */
  readonly patches: readonly (readonly [filter: string, index: number])[];
}

export interface EnvoyFilters {
  /** Id of a {@link PatchSelection}, '' when no EnvoyFilter holds for the proxy. */
  selection(proxyKey: string): string;
  /** Whether some patch for the proxy is about route configurations, virtual hosts or routes. */
  patchesRoutes(proxyKey: string): boolean;
}

/** A pattern longer than this matches nothing, as in the reference: compiling one costs too much. */
const MAX_PATTERN = 1024;
/** What patches of routes apply to. */
const ROUTES: ReadonlySet<string> = new Set(['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE']);
/** Set on the pods of gateways that Kubernetes' Gateway API made. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

/** The parts of the spec that the package's type lacks. */
interface Selecting {
  readonly priority?: number;
  readonly workloadSelector?: { readonly labels?: Labels };
  readonly targetRefs?: readonly { readonly group?: string; readonly kind?: string; readonly name?: string; readonly namespace?: string }[];
}

export function defineEnvoyFilters(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'> & { readonly knownProxy: KnownProxies }): EnvoyFilters {
  const filters = mesh.rows.of('EnvoyFilter');
  const byNamespace = filters.index('namespace', (row) => [row.metadata.namespace]);

  /** Meshes without EnvoyFilters pay for this one value and no more. */
  const any = graph.query('hasEnvoyFilters', (): boolean => filters.list().size > 0);

  /** Key: version and pattern. */
  const versionMatches = graph.query('proxyVersionMatches', (key: string): boolean => {
    const at = key.indexOf('\n');
    try {
      return RE2JS.compile(key.slice(at + 1))
        .matcher(key.slice(0, at))
        .find();
    } catch {
      return false; // validation has said what is wrong with it
    }
  });

  const proxyMatches = (proxy: Proxy, { match }: ConfigPatch): boolean => {
    const wanted = match?.proxy;
    const version = wanted?.proxyVersion ?? '';
    if (version.length > MAX_PATTERN) return false;
    if (version !== '' && (proxy.istioVersion === undefined || !versionMatches.get(`${proxy.istioVersion}\n${version}`))) return false;
    return Object.entries(wanted?.metadata ?? {}).every(([key, value]) => proxy.metadata[key] === value);
  };

  const selection = graph.query('envoyFilterSelection', (proxyKey: string): string => {
    const proxy = mesh.knownProxy(proxyKey);
    if (proxy === undefined || proxy.type === 'waypoint') return '';
    const root = mesh.config().rootNamespace;
    const rows = [...new Set([root, proxy.namespace])].flatMap((namespace) => [...byNamespace.get(namespace).values()]);
    const chosen = rows.filter((row) => holdsFor(row, proxy)).sort(inOrder(root));
    const patches = chosen.flatMap((row) => {
      const key = keyOf(row);
      return (row.spec.configPatches ?? []).flatMap((patch, i) => (proxyMatches(proxy, patch) ? [[key, i] as const] : []));
    });
    return patches.length === 0 ? '' : internScope<PatchSelection>('p', { patches }).id;
  });

  const patchesRoutes = graph.query('envoyFilterPatchesRoutes', (proxyKey: string): boolean => {
    const id = selection.get(proxyKey);
    if (id === '') return false;
    return scopeOf<PatchSelection>(id).patches.some(([key, i]) => ROUTES.has(filters.get(key)?.spec.configPatches?.[i]?.applyTo ?? ''));
  });

  return {
    selection: (proxyKey) => (any.get('') ? selection.get(proxyKey) : ''),
    patchesRoutes: (proxyKey) => any.get('') && patchesRoutes.get(proxyKey),
  };
}

/** EF-001. Target references are for gateways of the Gateway API only, and keep all other proxies out. */
function holdsFor(row: EnvoyFilter, proxy: Proxy): boolean {
  const { workloadSelector, targetRefs = [] } = row.spec as Selecting;
  if (targetRefs.length === 0) return selects(workloadSelector?.labels ?? {}, proxy.labels);
  const gateway = proxy.labels[GATEWAY_NAME];
  if (gateway === undefined || row.metadata.namespace !== proxy.namespace) return false;
  return targetRefs.some(
    ({ group, kind, name, namespace = '' }) =>
      group === 'gateway.networking.k8s.io' && kind === 'Gateway' && name === gateway && (namespace === '' || namespace === proxy.namespace),
  );
}

/** EF-002. */
const inOrder =
  (root: string) =>
  (a: EnvoyFilter, b: EnvoyFilter): number => {
    const byPriority = ((a.spec as Selecting).priority ?? 0) - ((b.spec as Selecting).priority ?? 0);
    if (byPriority !== 0) return byPriority;
    const [inA, inB] = [a.metadata.namespace, b.metadata.namespace];
    if (inA !== inB && (inA === root || inB === root)) return inA === root ? -1 : 1;
    if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
    return fullName(a) < fullName(b) ? -1 : 1;
  };

const fullName = ({ metadata }: EnvoyFilter): string => `${metadata.name}.${metadata.namespace}`;
