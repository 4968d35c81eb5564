/**
 * Names that resources refer to, read off their JSON: route configurations of listeners, secrets of listeners and clusters.
 */

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

/** Secrets that come over our own ADS stream, sorted. Those of an agent (cluster `sds-grpc`) are not ours to serve. */
export function sdsNames(resources: readonly Json[]): readonly string[] {
  const names = new Set<string>();
  walk(resources, (object) => {
    const source = object['sdsConfig'] as { ads?: unknown } | undefined;
    if (typeof object['name'] === 'string' && source?.ads !== undefined) names.add(object['name']);
  });
  return sorted(names);
}
