/**
 * Services that are only ever reached inside the caller's own cluster (MC-025, CL-009).
 * https://istio.io/latest/docs/ops/configuration/traffic-management/multicluster/#keeping-traffic-in-cluster
 */
import type { EffectiveMeshConfig } from '../api/mesh-config.js';
import { bySpecificity, hostIsWithin } from './hosts.js';

/** The most specific host pattern decides; kube-system, the API server and the control plane are local unless somebody says otherwise. */
export function isClusterLocal(
  hostname: string,
  domain: string,
  { serviceSettings = [], defaultConfig }: Pick<EffectiveMeshConfig, 'serviceSettings' | 'defaultConfig'>,
): boolean {
  const rules = [
    ...serviceSettings.flatMap((entry) => (entry.hosts ?? []).map((host) => ({ host, local: entry.settings?.clusterLocal === true }))),
    { host: `*.kube-system.svc.${domain}`, local: true },
    { host: `kubernetes.default.svc.${domain}`, local: true },
    { host: discoveryHost(defaultConfig.discoveryAddress ?? '', domain), local: true },
  ];
  const matching = rules.filter(({ host }) => hostIsWithin(hostname, host)).sort((a, b) => bySpecificity(a.host, b.host));
  return matching[0]?.local ?? false;
}

function discoveryHost(address: string, domain: string): string {
  const host = address.replace(/:\d+$/, '');
  return host.endsWith(domain) ? host : `${host}.${domain}`;
}
