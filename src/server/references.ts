/**
 * Names that resources refer to: load assignments of clusters; and read off their JSON, route configurations and extensions of listeners, secrets
 * of listeners and clusters.
 */
import type { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';

type Json = unknown;

/** Calls `visit` for every object anywhere in the value. */
function walk(value: Json, visit: (object: Record<string, Json>) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (typeof value === 'object' && value !== null) {
    visit(value as Record<string, Json>);
    for (const item of Object.values(value)) walk(item, visit);
  }
}

const sorted = (names: ReadonlySet<string>): readonly string[] => [...names].sort();

/** Route configurations that listeners fetch over RDS, sorted. */
export function rdsNames(listeners: readonly Json[]): readonly string[] {
  const names = new Set<string>();
  walk(listeners, (object) => {
    const rds = object['rds'] as { routeConfigName?: string } | undefined;
    if (typeof rds?.routeConfigName === 'string') names.add(rds.routeConfigName);
  });
  return sorted(names);
}

/** Extensions that listeners fetch over ECDS, sorted. */
export function ecdsNames(listeners: readonly Json[]): readonly string[] {
  const names = new Set<string>();
  walk(listeners, (object) => {
    if (object['configDiscovery'] !== undefined && typeof object['name'] === 'string') names.add(object['name']);
  });
  return sorted(names);
}

/** The load assignment that a cluster asks for over EDS. */
export function edsName(cluster: Cluster): string[] {
  const type = cluster.clusterDiscoveryType;
  if (type?.$case !== 'type' || type.value !== 3) return [];
  return [cluster.edsClusterConfig?.serviceName || cluster.name];
}

/** Secrets that come over our own ADS stream, sorted. Those of an agent (cluster `sds-grpc`) are not ours to serve. */
export function sdsNames(resources: readonly Json[]): readonly string[] {
  const names = new Set<string>();
  walk(resources, (object) => {
    const source = object['sdsConfig'] as { ads?: unknown } | undefined;
    if (typeof object['name'] === 'string' && source?.ads !== undefined) names.add(object['name']);
  });
  return sorted(names);
}
