/**
 * What a proxy gets, by type URL: the top of the street. Joins the views of each resource type into sets that the protocol reads.
 * Everything below is shared between proxies with equal scopes; a set is only a list of shared chunks.
 */

import type { JsonObject } from '@bufbuild/protobuf';
import { sameElements } from '../graph/equality.js';
import type { Origin, Watch } from '../graph/graph.js';
import type { Mesh } from '../model/mesh.js';
import { patchBootstrap } from '../translate/patch/bootstrap.js';
import { defineBootstrapViews } from './bootstrap.js';
import { defineClusterViews } from './clusters.js';
import { type EncodedResource } from './encode.js';
import { defineEndpointViews } from './endpoints.js';
import { defineExtensionViews } from './extensions.js';
import { defineGrpcViews } from './grpc-views.js';
import { defineListenerViews } from './listeners.js';
import { type NameSet, NameSets } from './name-sets.js';
import { defineNameTableViews } from './name-table.js';
import { definePatchedViews, type PatchReport, type RoutesOf } from './patched.js';
import { defineRouteViews } from './routes.js';
import { defineSecretViews } from './secrets.js';
import { defineTrustBundleViews } from './trust-bundle.js';
import { TYPE } from './type-urls.js';

/** An immutable list of shared chunks; structurally what xds/provider calls a ResourceSet. */
export interface ResourceSet {
  readonly chunks: readonly (readonly EncodedResource[])[];
}

/** A subscription of one proxy to one type. */
export interface ResourceWatch {
  read(): ResourceSet;
  /** The rows that one resource of the set was computed from. */
  originsOf(resource: EncodedResource): readonly Origin[];
  close(): void;
}

export interface Views {
  /**
   * Watches one type for a proxy that is a row of `mesh.rows.proxies`. `names` undefined means all. Unknown types give an empty set. Of virtual
   * hosts (VHDS), the names are those of their route configurations.
   */
  watch(proxyKey: string, typeUrl: string, names: readonly string[] | undefined, onStale: () => void): ResourceWatch;
  /** A bootstrap with the patches in it that EnvoyFilters have for a proxy. */
  patchedBootstrap(proxyKey: string, bootstrap: JsonObject): JsonObject;
  /** What EnvoyFilters came to for a proxy. */
  patchReport(proxyKey: string, routesOf: RoutesOf): PatchReport;
}

const EMPTY: ResourceSet = { chunks: [] };
const sameSet = (a: ResourceSet, b: ResourceSet): boolean => sameElements(a.chunks, b.chunks);

export function defineViews(mesh: Mesh): Views {
  const { graph } = mesh;
  const nameSets = new NameSets();
  const clusters = defineClusterViews(mesh);
  const endpoints = defineEndpointViews(mesh);
  const routes = defineRouteViews(mesh);
  const listeners = defineListenerViews(mesh, (scope, port) => routes.routesOfPort(scope, port));
  const secrets = defineSecretViews(mesh);
  const nameTables = defineNameTableViews(mesh);
  const grpc = defineGrpcViews(mesh);
  const extensions = defineExtensionViews(mesh);
  const patched = definePatchedViews(mesh, routes);
  const trustBundles = defineTrustBundleViews(mesh);
  const bootstraps = defineBootstrapViews(mesh, patched);
  const isGrpc = (proxyKey: string): boolean => mesh.proxies.get(proxyKey)?.generator === 'grpc';

  const wildcard = graph.query(
    'resourceSet',
    (key: string): ResourceSet => {
      const [type, proxyKey] = split(key);
      if (type === 'bds') return { chunks: [bootstraps.chunk(proxyKey)] };
      if (type === 'pcds') return { chunks: [trustBundles.chunk(proxyKey)] };
      if (type === 'nds') return { chunks: [nameTables.chunk(mesh.proxies.outboundScope(proxyKey).id)] };
      if (isGrpc(proxyKey)) return { chunks: [type === 'cds' ? grpc.allClusters(proxyKey) : grpc.allListeners(proxyKey)] };
      const chunks = wildcardChunks(type, proxyKey);
      const selection = patched.selection(proxyKey);
      const served = selection === '' ? chunks : patched.chunks(type === 'cds' ? 'cds' : 'lds', proxyKey, selection, chunks);
      return { chunks: served.filter((chunk) => chunk.length > 0) };
    },
    { equals: sameSet },
  );
  const wildcardChunks = (type: string, proxyKey: string): ResourceSet['chunks'] => (type === 'cds' ? clusters : listeners).chunks(proxyKey);
  /** Key: `type|scope|name set|chunk`. The scope is an endpoint scope for EDS, a route scope for RDS, patches for ECDS, else the proxy. */
  const namedChunk = graph.query(
    'namedResources',
    (key: string): readonly EncodedResource[] => {
      const [type, scope, setId, index] = key.split('|') as [string, string, string, string];
      const names = nameSets.get(setId).chunks[Number(index)] ?? [];
      if (type === 'vhds') return names.flatMap((name) => routes.virtualHosts(scope, name));
      return names.flatMap((name) => one(type, scope, name) ?? []);
    },
    { equals: sameElements },
  );
  const one = (type: string, scope: string, name: string): EncodedResource | undefined => {
    if (type === 'eds') return endpoints.loadAssignment(scope, name);
    if (type === 'rds') return route(scope, name);
    if (type === 'ecds') return extension(scope, name);
    if (type === 'cds') return grpc.cluster(scope, name);
    if (type === 'lds') return grpc.listener(scope, name);
    return secrets.secret(scope, name);
  };
  /** `scope^selection of patches`. */
  const extension = (scope: string, name: string): EncodedResource | undefined => {
    const at = scope.indexOf('^');
    return patched.extension(scope.slice(at + 1), name) ?? extensions.extension(scope.slice(0, at), name);
  };
  /** `scope`, or `scope^selection of patches`. */
  const route = (scope: string, name: string): EncodedResource => {
    const [id = '', selection] = scope.split('^');
    return selection === undefined ? routes.route(id, name) : patched.route(id, selection, name);
  };
  const routeScope = (proxyKey: string): string => {
    const selection = isGrpc(proxyKey) ? '' : patched.selection(proxyKey);
    return selection === '' ? routes.scope(proxyKey) : `${routes.scope(proxyKey)}^${selection}`;
  };
  const scopeOf = (type: string, proxyKey: string): string => {
    if (type === 'eds') return mesh.proxies.endpointScope(proxyKey).id;
    if (type === 'rds') return routeScope(proxyKey);
    if (type === 'vhds') return routes.scope(proxyKey);
    return type === 'ecds' ? `${extensions.scope(proxyKey)}^${patched.selection(proxyKey)}` : proxyKey;
  };
  /** Key: `type|proxy|name set`. */
  const named = graph.query(
    'namedResourceSet',
    (key: string): ResourceSet => {
      const [type, proxyKey, setId] = key.split('|') as [string, string, string];
      return shared.get(`${type}|${scopeOf(type, proxyKey)}|${setId}`);
    },
    { equals: sameSet },
  );
  const shared = graph.query(
    'sharedResourceSet',
    (key: string): ResourceSet => {
      const setId = key.slice(key.lastIndexOf('|') + 1);
      return { chunks: nameSets.get(setId).chunks.map((_, i) => namedChunk.get(`${key}|${i}`)) };
    },
    { equals: sameSet },
  );

  /** Of a patched resource: what the unpatched one was made from, and the EnvoyFilters. */
  const originsIn =
    (watch: Watch<ResourceSet>) =>
    (resource: EncodedResource): readonly Origin[] => {
      const from = patched.originOf(resource);
      if (from === undefined) return watch.originsOf(resource);
      return [...from.filters, ...(from.base === undefined ? [] : watch.originsOf(from.base))];
    };

  const watchNamed = (type: string, proxyKey: string, names: readonly string[], onStale: () => void): ResourceWatch => {
    const set: NameSet = nameSets.hold(names);
    const watch: Watch<ResourceSet> = graph.watch(named, `${type}|${proxyKey}|${set.id}`, onStale);
    return {
      read: () => watch.read(),
      originsOf: originsIn(watch),
      close: () => {
        watch.close();
        nameSets.release(set);
      },
    };
  };

  return {
    watch(proxyKey, typeUrl, names, onStale) {
      const type = TYPE[typeUrl];
      if (type === 'nds' || type === 'bds' || type === 'pcds') return graph.watch(wildcard, `${type}|${proxyKey}`, onStale);
      if ((type === 'cds' || type === 'lds') && !(names !== undefined && isGrpc(proxyKey))) {
        const watch = graph.watch(wildcard, `${type}|${proxyKey}`, onStale);
        const wanted = names && new Set(names);
        const read = (): ResourceSet => (wanted === undefined ? watch.read() : only(watch.read(), wanted));
        return { read, originsOf: originsIn(watch), close: () => watch.close() };
      }
      if (type === undefined || names === undefined) return { read: () => EMPTY, originsOf: () => [], close: () => undefined };
      return watchNamed(type, proxyKey, names, onStale);
    },
    patchedBootstrap: (proxyKey, bootstrap) => patchBootstrap(bootstrap, patched.bootstrapPatches(proxyKey)),
    patchReport: (proxyKey, routesOf) => patched.report(proxyKey, (type) => wildcardChunks(type, proxyKey), routesOf),
  };
}

function split(key: string): [string, string] {
  const at = key.indexOf('|');
  return [key.slice(0, at), key.slice(at + 1)];
}

/** CDS and LDS of an Envoy by name: rare, so the filter is not memoised. */
function only(set: ResourceSet, names: ReadonlySet<string>): ResourceSet {
  return { chunks: set.chunks.map((chunk) => chunk.filter((resource) => names.has(resource.name))).filter((chunk) => chunk.length > 0) };
}
