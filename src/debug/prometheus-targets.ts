/**
 * /sd/prometheus: what a Prometheus may scrape, by its HTTP service discovery. Proxies say in their node where they show metrics
 * (ENVOY_PROMETHEUS_PORT, as Istio's agent does; `mizzen bootstrap --metrics-port`).
 * https://prometheus.io/docs/prometheus/latest/http_sd/
 */
import { isIPv6 } from 'node:net';
import type { Proxy } from '../model/proxy.js';

export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** `self`: where this server was asked, HOST:PORT. */
export function prometheusTargets(proxies: readonly Proxy[], self: string): readonly TargetGroup[] {
  const seen = new Map(proxies.flatMap((proxy) => groupOf(proxy).map((group) => [group.targets[0] ?? '', group])));
  const sorted = [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  return [{ targets: [self], labels: { __metrics_path__: '/metrics', component: 'control-plane' } }, ...sorted];
}

function groupOf(proxy: Proxy): TargetGroup[] {
  const port = Number(proxy.metadata['ENVOY_PROMETHEUS_PORT'] ?? 0);
  const [address = ''] = proxy.ipAddresses;
  if (!Number.isInteger(port) || port < 1 || port > 65535) return [];
  const labels = Object.entries(proxy.labels).map(([key, value]) => [`__meta_mizzen_label_${key.replaceAll(/\W/g, '_')}`, value]);
  return [
    {
      targets: [isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`],
      labels: {
        __metrics_path__: '/stats/prometheus',
        component: 'proxy',
        namespace: proxy.namespace,
        pod: proxy.name,
        __meta_mizzen_proxy_type: proxy.type,
        __meta_mizzen_service_account: proxy.serviceAccount,
        __meta_mizzen_cluster: proxy.clusterId,
        ...Object.fromEntries(labels),
      },
    },
  ];
}
