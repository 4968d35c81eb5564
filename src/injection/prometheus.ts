/**
 * Merged metrics (IN-013): the agent answers for proxy and application at one port. The pod's annotations move into a variable of the agent,
 * and point at it instead. https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
 */
import type { EffectiveMeshConfig } from '../api/mesh-config.js';
import { parseBool } from './annotation-checks.js';
import { annotationsOf, findProxy, type Pod, type Texts } from './pod.js';

interface Target {
  readonly port: string;
  readonly path: string;
}

/** As the agent reads it. */
interface Scrape {
  scrape: string;
  path: string;
  port: string;
  targets?: Target[];
}

/** Prometheus sees `prometheus.io/port`, `prometheus_io_port` and `prometheus-io/port` as one. */
const plain = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
const SCRAPE = 'prometheus_io_scrape';
const PORT = 'prometheus_io_port';
const PATH = 'prometheus_io_path';
const TARGETS = 'prometheus_istio_io_scrape_targets';
const SECURE_PORT = 'prometheus_istio_io_secure_port';
const CLEARED = new Set([SCRAPE, PORT, PATH, TARGETS]);

const RESERVED: Readonly<Record<string, string>> = {
  15000: "Envoy's admin interface",
  15001: 'outbound traffic',
  15004: 'debugging',
  15006: 'inbound traffic',
  15008: 'tunnels',
  15020: "the agent's own, merged metrics",
  15021: "Envoy's readiness",
  15053: 'DNS',
  15090: "Envoy's metrics, which are merged already",
};

const find = (annotations: Texts, wanted: string): string | undefined => Object.entries(annotations).find(([name]) => plain(name) === wanted)?.[1];

/** Whether the pod's annotations point at the agent already: it was injected before, or its author wants it so. */
export const pointsAtAgent = (annotations: Texts, statusPort: number): boolean => find(annotations, PORT) === String(statusPort);

export const withoutScraping = (annotations: Texts): Texts =>
  Object.fromEntries(Object.entries(annotations).filter(([name]) => !CLEARED.has(plain(name))));

/** @throws Error that names a port which can't be scraped. */
export function mergeMetrics(pod: Pod, mesh: EffectiveMeshConfig): void {
  const annotations = annotationsOf(pod);
  const isOn = parseBool(annotations['prometheus.istio.io/merge-metrics']) ?? mesh.enablePrometheusMerge;
  const port = mesh.defaultConfig.statusPort ?? 15020;
  if (!isOn || (parseBool(find(annotations, SCRAPE)) ?? true) === false || pointsAtAgent(annotations, port)) return;
  const scrape = scrapeOf(annotations, String(port));
  const isEmpty = scrape.scrape === '' && scrape.path === '' && scrape.port === '' && scrape.targets === undefined;
  const proxy = findProxy(pod);
  if (proxy !== undefined && !isEmpty) proxy.env = [...(proxy.env ?? []), { name: 'ISTIO_PROMETHEUS_ANNOTATIONS', value: JSON.stringify(scrape) }];
  pod.metadata!.annotations = {
    ...withoutScraping(annotations),
    'prometheus.io/port': String(port),
    'prometheus.io/path': '/stats/prometheus',
    'prometheus.io/scrape': 'true',
  };
}

function scrapeOf(annotations: Texts, agentPort: string): Scrape {
  const targets = scrapeTargets(find(annotations, TARGETS));
  const scrape: Scrape = { scrape: find(annotations, SCRAPE) ?? '', path: find(annotations, PATH) ?? '', port: find(annotations, PORT) ?? '' };
  if (targets.length === 0) {
    if (scrape.port !== '') checkPort(scrape.port, agentPort, 'prometheus.io/port');
    return scrape;
  }
  for (const target of targets) checkPort(target.port, agentPort, 'prometheus.istio.io/scrape-targets');
  return { ...scrape, port: targets[0]!.port, path: targets[0]!.path, targets: [...targets] };
}

/** `8080:/metrics, 9090` */
function scrapeTargets(text = ''): readonly Target[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const targets = entries.map((entry) => {
    const [port = '', ...path] = entry.split(':');
    return { port: port.trim(), path: path.join(':').trim() || '/metrics' };
  });
  return targets.some(({ port }) => port === '') ? [] : targets;
}

function checkPort(text: string, agentPort: string, annotation: string): void {
  const port = /^\+?\d+$/.test(text) ? Number(text) : 0;
  const at = `annotation ${annotation}: port ${JSON.stringify(text)}`;
  if (port < 1 || port > 65535) throw new Error(`${at} is no port`);
  if (String(port) === agentPort) throw new Error(`${at} is the agent's own`);
  const reason = RESERVED[port];
  if (reason !== undefined) throw new Error(`${at} is reserved for ${reason}`);
}

/** Says where merged metrics are to be had over TLS, when the agent is told to serve them. */
export function announceSecurePort(pod: Pod): void {
  const annotations = annotationsOf(pod);
  if (find(annotations, SECURE_PORT) !== undefined) return;
  const port = findProxy(pod)?.env?.find(
    ({ name, value = '' }) => name === 'ENVOY_SECURE_MERGED_METRICS_PORT' && value !== '' && value !== '0',
  )?.value;
  if (port !== undefined) pod.metadata!.annotations = { ...annotations, 'prometheus.istio.io/secure-port': port };
}
