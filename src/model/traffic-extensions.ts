/**
 * Extensions of workloads: TrafficExtensions, and WasmPlugins, which are an older form of them (EX-001, EX-007). Of a workload's namespace and of
 * the root namespace, by priority, the highest first; those without one come last (EX-008).
 * https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/
 */
import type { TrafficExtension, TrafficExtensionSpec, WasmPlugin } from '../api/extensions.js';
import { byAge, keyOf } from '../api/resource.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import type { Labels } from './labels.js';
import type { Mesh } from './mesh.js';
import { isFor, type Target } from './policy-target.js';

export interface TrafficExtensions {
  of(workload: { readonly namespace: string; readonly labels: Labels }): readonly TrafficExtension[];
  /** By `namespace/name`. */
  get(key: string): TrafficExtension | undefined;
}

/** Ends the names of what a WasmPlugin stands for; no resource can be named so. */
const FROM_PLUGIN = '~istio-translated-wasmplugin';

export function defineTrafficExtensions(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): TrafficExtensions {
  const extensions = mesh.rows.of('TrafficExtension');
  const plugins = mesh.rows.of('WasmPlugin');
  const extensionsByNamespace = extensions.index('namespace', (row) => [row.metadata.namespace]);
  const pluginsByNamespace = plugins.index('namespace', (row) => [row.metadata.namespace]);
  /** Key: `namespace/name` of the plugin. */
  const translated = graph.query('wasmPlugin', (key: string): TrafficExtension | undefined => {
    const row = plugins.get(key);
    return row && fromPlugin(row);
  });
  const rowsIn = graph.query(
    'trafficExtensionsIn',
    (namespace: string): readonly TrafficExtension[] =>
      [
        ...extensionsByNamespace.get(namespace).values(),
        ...[...pluginsByNamespace.get(namespace).values()].flatMap((row) => translated.get(keyOf(row)) ?? []),
      ].sort(byAge),
    { equals: sameElements },
  );
  return {
    of(workload) {
      const { namespace } = workload;
      const rows = [...new Set([namespace, mesh.config().rootNamespace])].flatMap((at) =>
        rowsIn.get(at).filter(({ spec }) => isFor(spec as Target, at, workload)),
      );
      return rows.sort((a, b) => priorityOf(b) - priorityOf(a));
    },
    get: (key) => (key.endsWith(FROM_PLUGIN) ? translated.get(key.slice(0, -FROM_PLUGIN.length)) : extensions.get(key)),
  };
}

const priorityOf = ({ spec }: TrafficExtension): number => spec.priority ?? -(2 ** 31);

function fromPlugin({ spec, metadata, ...row }: WasmPlugin): TrafficExtension {
  const { selector, targetRef, targetRefs = targetRef === undefined ? undefined : [targetRef], phase, priority, match, ...wasm } = spec;
  const given = Object.fromEntries(Object.entries({ selector, targetRefs, phase, priority, match }).filter(([, value]) => value !== undefined));
  return {
    ...row,
    kind: 'TrafficExtension',
    metadata: { ...metadata, name: `${metadata.name}${FROM_PLUGIN}` },
    spec: { ...(given as TrafficExtensionSpec), wasm },
  };
}
