/**
 * Everything one proxy would be served, as JSON: what `translate` writes and /debug/config_dump shows. Follows Envoy's own order:
 * clusters, the endpoints they name, listeners, the routes those name.
 */
import type { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { Origin } from '../graph/graph.js';
import { WASM_PULL_SECRET } from '../translate/extension/wasm.js';
import type { EncodedResource } from '../views/encode.js';
import { decodeResource, resourceToJson } from '../views/json.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, EXTENSION_TYPE, LISTENER_TYPE, ROUTE_TYPE, SECRET_TYPE, VIRTUAL_HOST_TYPE } from '../views/type-urls.js';
import type { Views } from '../views/views.js';
import { ecdsNames, edsName, rdsNames, sdsNames } from './references.js';

/** Resource name → resource, for each type. */
export interface ConfigDump {
  clusters: Record<string, unknown>;
  endpoints: Record<string, unknown>;
  listeners: Record<string, unknown>;
  routes: Record<string, unknown>;
  /** What filters of the listeners take over ECDS. */
  extensions?: Record<string, unknown>;
  secrets: Record<string, unknown>;
}

/** A dump with what not every proxy has. */
interface WholeDump extends ConfigDump {
  /** Of route configurations that come without theirs (VHDS). */
  virtualHosts?: Record<string, unknown>;
  origins?: Record<string, Record<string, DumpedOrigin[]>>;
}

export interface DumpedOrigin {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `file:line`, when the row came from a file. */
  readonly location?: string;
}

export interface DumpOptions {
  /** Adds `origins` to each resource's entry: the rows that its computation read. */
  readonly origins?: boolean;
  /** Replaces private keys by a note. @default true */
  readonly redact?: boolean;
}

/** Computes the dump for a proxy that is a row of the mesh. */
export function dumpConfig(views: Views, proxyKey: string, options: DumpOptions = {}): WholeDump {
  const origins: Record<string, Record<string, DumpedOrigin[]>> = {};
  const collect = (section: string, typeUrl: string, names?: readonly string[]): EncodedResource[] => {
    const watch = views.watch(proxyKey, typeUrl, names, () => undefined);
    try {
      const resources = watch.read().chunks.flat();
      if (options.origins === true) {
        origins[section] = Object.fromEntries(resources.map((resource) => [resource.name, watch.originsOf(resource).flatMap(toDumped)]));
      }
      return resources;
    } finally {
      watch.close();
    }
  };
  const clusters = collect('clusters', CLUSTER_TYPE);
  const endpointNames = clusters.map((resource) => decodeResource(resource) as Cluster).flatMap(edsName);
  const endpoints = collect('endpoints', ENDPOINT_TYPE, [...new Set(endpointNames)].sort());
  const listeners = collect('listeners', LISTENER_TYPE);
  const listenerJson = listeners.map(resourceToJson);
  const routeNames = rdsNames(listenerJson);
  const routes = collect('routes', ROUTE_TYPE, routeNames);
  const virtualHosts = collect('virtualHosts', VIRTUAL_HOST_TYPE, routeNames);
  if (virtualHosts.length === 0) delete origins['virtualHosts'];
  const extensions = collect('extensions', EXTENSION_TYPE, ecdsNames(listenerJson));
  if (extensions.length === 0) delete origins['extensions'];
  const clusterJson = clusters.map(resourceToJson);
  const secrets = collect('secrets', SECRET_TYPE, sdsNames([...listenerJson, ...clusterJson]));
  const section = (resources: readonly EncodedResource[], json: readonly unknown[]): Record<string, unknown> =>
    Object.fromEntries(resources.map((resource, i) => [resource.name, json[i]] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
  const secretJson = secrets.map(resourceToJson);
  const extensionJson = extensions.map(resourceToJson);
  if (options.redact !== false) {
    secretJson.forEach(redact);
    extensionJson.forEach(redactPullSecret);
  }
  return {
    clusters: section(clusters, clusterJson),
    endpoints: section(endpoints, endpoints.map(resourceToJson)),
    listeners: section(listeners, listenerJson),
    routes: section(routes, routes.map(resourceToJson)),
    ...(virtualHosts.length > 0 && { virtualHosts: section(virtualHosts, virtualHosts.map(resourceToJson)) }),
    ...(extensions.length > 0 && { extensions: section(extensions, extensionJson) }),
    secrets: section(secrets, secretJson),
    ...(options.origins === true && { origins }),
  };
}

function toDumped(origin: Origin): DumpedOrigin[] {
  const row = origin.row as { kind?: string; metadata?: { namespace: string; name: string }; location?: { file: string; line: number } } | undefined;
  if (row?.kind === undefined || row.metadata === undefined) return [];
  const { namespace, name } = row.metadata;
  return [{ kind: row.kind, namespace, name, ...(row.location && { location: `${row.location.file}:${row.location.line}` }) }];
}

/** Private keys never leave in a dump. */
function redact(secret: Record<string, unknown>): void {
  const certificate = secret['tlsCertificate'] as
    | { privateKey?: unknown; privateKeyProvider?: { typedConfig?: { privateKey?: unknown } } }
    | undefined;
  for (const holder of [certificate, certificate?.privateKeyProvider?.typedConfig])
    if (holder?.privateKey !== undefined) holder.privateKey = { inlineString: '[redacted]' };
}

/** Nor credentials of image registries. */
function redactPullSecret(extension: Record<string, unknown>): void {
  const { config } = (extension['typedConfig'] ?? {}) as {
    config?: { vmConfig?: { environmentVariables?: { keyValues?: Record<string, string> } } };
  };
  const values = config?.vmConfig?.environmentVariables?.keyValues;
  if (values?.[WASM_PULL_SECRET]) values[WASM_PULL_SECRET] = '[redacted]';
}
