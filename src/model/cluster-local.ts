/**
 * Services that are only ever reached inside the caller's own cluster (MC-025).
 */
import type { MeshConfig } from '../api/mesh-config.js';
import { bySpecificity, hostIsWithin } from './hosts.js';

/** The most specific host pattern decides; kube-system and the API server are local unless somebody says otherwise. */
export function isClusterLocal(hostname: string, domain: string, settings: MeshConfig['serviceSettings']): boolean {
  const rules = [
    ...(settings ?? []).flatMap((entry) => (entry.hosts ?? []).map((host) => ({ host, local: entry.settings?.clusterLocal === true }))),
    { host: `*.kube-system.svc.${domain}`, local: true },
    { host: `kubernetes.default.svc.${domain}`, local: true },
  ];
  const matching = rules.filter(({ host }) => hostIsWithin(hostname, host)).sort((a, b) => bySpecificity(a.host, b.host));
  return matching[0]?.local ?? false;
}
