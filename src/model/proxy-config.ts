/**
 * ProxyConfig: how the settings of one proxy come together (PC-001): Istio's defaults, MeshConfig.defaultConfig, the ProxyConfigs of the root
 * namespace, of the proxy's namespace, the annotation proxy.istio.io/config, the ProxyConfig that selects the workload, what the proxy says itself.
 * Each field of a later one replaces the earlier; maps and headers are merged. https://istio.io/latest/docs/reference/config/networking/proxy-config/
 */
import type { ProxyConfigResource, ProxyConfigSpec } from '../api/extensions.js';
import type { ProxyConfig } from '../api/mesh-config.js';
import { withoutNulls } from '../api/nulls.js';
import { byAge } from '../api/resource.js';
import { checkShape } from '../api/schema.js';
import { proxySettings } from '../api/shapes/proxy-settings.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import { parseValue } from '../yaml/parse-value.js';
import { type Labels, selects } from './labels.js';
import type { Mesh } from './mesh.js';
import type { Proxy } from './proxy.js';

export interface ProxyConfigs {
  /** All settings that hold for a proxy without Istio's agent. */
  effective(proxy: ProxySettingsSource): ProxyConfig;
  /**
   * Canonical JSON of those settings that reach what is served, '' where they are the mesh's defaults. An agent has merged them before it connects:
   * what it says counts as a whole.
   */
  served(proxy: ProxySettingsSource): string;
}

/** What of a proxy decides its settings. */
export type ProxySettingsSource = Pick<Proxy, 'namespace' | 'labels' | 'metadata' | 'istioVersion'>;

/** What clusters, listeners and routes read, in a fixed order. */
const SERVED = [
  'gatewayTopology',
  'tracing',
  'proxyHeaders',
  'interceptionMode',
  'connectionSettings',
  'caCertificatesPem',
  'privateKeyProvider',
] as const;

const ANNOTATION = 'proxy.istio.io/config';

/** Lays `over` over `base`; neither is changed. */
export function mergeProxyConfig(base: ProxyConfig, over: ProxyConfig | undefined): ProxyConfig {
  if (over === undefined) return base;
  const set = Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined && value !== null)) as ProxyConfig;
  const merged: ProxyConfig = { ...base, ...set };
  if (base.proxyMetadata && set.proxyMetadata) merged.proxyMetadata = { ...base.proxyMetadata, ...set.proxyMetadata };
  if (base.proxyHeaders && set.proxyHeaders) merged.proxyHeaders = { ...base.proxyHeaders, ...set.proxyHeaders };
  // Two ways to name the cluster: the later one counts.
  if (set['tracingServiceName'] !== undefined && set['serviceCluster'] === undefined) delete merged['serviceCluster'];
  else if (set['serviceCluster'] !== undefined && set['tracingServiceName'] === undefined) delete merged['tracingServiceName'];
  return merged;
}

export function defineProxyConfigs(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): ProxyConfigs {
  const rows = mesh.rows.of('ProxyConfig');
  const byNamespace = rows.index('namespace', (row) => [row.metadata.namespace]);
  /** Meshes without ProxyConfigs pay for this one value and no more. */
  const any = graph.query('hasProxyConfigs', (): boolean => rows.list().size > 0);
  const rowsIn = graph.query(
    'proxyConfigsIn',
    (namespace: string): readonly ProxyConfigResource[] => [...byNamespace.get(namespace).values()].sort(byAge),
    { equals: sameElements },
  );
  const wide = (namespace: string): ProxyConfig | undefined => fromResource(rowsIn.get(namespace).find(({ spec }) => isForAll(spec)));
  const selected = ({ namespace, labels }: ProxySettingsSource): ProxyConfig | undefined =>
    fromResource(rowsIn.get(namespace).find(({ spec }) => !isForAll(spec) && selects(selectorOf(spec), labels)));

  /** What is laid over the mesh's defaults, weakest first. */
  const layers = (proxy: ProxySettingsSource): readonly ProxyConfig[] => {
    const { rootNamespace } = any.get('') ? mesh.config() : { rootNamespace: '' };
    const shared = any.get('') ? [...new Set([rootNamespace, proxy.namespace])].map(wide) : [];
    const found = [...shared, annotated(proxy), any.get('') ? selected(proxy) : undefined, own(proxy)];
    return found.filter((layer) => layer !== undefined);
  };
  const effective = (over: readonly ProxyConfig[]): ProxyConfig => over.reduce(mergeProxyConfig, mesh.config().defaultConfig);

  return {
    effective: (proxy) => effective(layers(proxy)),
    served(proxy) {
      if (proxy.istioVersion !== undefined) {
        const said = own(proxy);
        return said === undefined ? '' : picked(said);
      }
      const over = layers(proxy).filter((layer) => SERVED.some((field) => layer[field] !== undefined && layer[field] !== null));
      return over.length === 0 ? '' : picked(effective(over));
    },
  };
}

const selectorOf = ({ selector }: ProxyConfigSpec): Labels => selector?.matchLabels ?? {};
const isForAll = (spec: ProxyConfigSpec): boolean => Object.keys(selectorOf(spec)).length === 0;

/** The resource in the words of MeshConfig. PC-002 */
function fromResource(row: ProxyConfigResource | undefined): ProxyConfig | undefined {
  if (row === undefined) return undefined;
  const { concurrency, environmentVariables, image } = row.spec;
  return {
    ...(typeof concurrency === 'number' && { concurrency }),
    ...(environmentVariables !== undefined && { proxyMetadata: environmentVariables }),
    ...(image !== undefined && { image }),
  };
}

/** The workload's annotation; one that is no YAML counts as none, as in the reference: it comes from a node, where nothing validates it. */
function annotated({ metadata }: ProxySettingsSource): ProxyConfig | undefined {
  const annotations = metadata['ANNOTATIONS'];
  const text = typeof annotations === 'object' && annotations !== null ? (annotations as Record<string, unknown>)[ANNOTATION] : undefined;
  if (typeof text !== 'string') return undefined;
  try {
    return asObject(parseValue(text));
  } catch {
    return undefined;
  }
}

const own = ({ metadata }: ProxySettingsSource): ProxyConfig | undefined => asObject(metadata['PROXY_CONFIG']);

/** Of what nobody validated, the fields that have their shape. */
function asObject(value: unknown): ProxyConfig | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const wrong = new Set(checkShape(proxySettings, value).flatMap(({ code, path: [field] }) => (code === 'unknown-field' ? [] : [String(field)])));
  const set = withoutNulls(proxySettings, value) as ProxyConfig;
  return wrong.size === 0 ? set : Object.fromEntries(Object.entries(set).filter(([field]) => !wrong.has(field)));
}

const picked = (config: ProxyConfig): string =>
  JSON.stringify(Object.fromEntries(SERVED.filter((field) => config[field] !== undefined).map((field) => [field, config[field]])));
