/**
 * EnvoyFilters over the views of clusters, listeners and routes: the last step before the protocol. Only proxies that an EnvoyFilter selects come
 * through here; those with equal selections share what is patched.
 */
import type { Problem } from '../api/problem.js';
import type { Origin } from '../graph/graph.js';
import type { PatchSelection } from '../model/envoy-filters.js';
import type { Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { bootstrapPatches } from '../translate/patch/bootstrap.js';
import { type CompiledFilter, compileEnvoyFilter } from '../translate/patch/compile.js';
import type { Patch } from '../translate/patch/patch.js';
import type { ServerPorts } from '../translate/patch/route-match.js';
import { parseSidecarRouteName } from '../translate/route/route-name.js';
import { type EncodedResource, sameResource } from './encode.js';
import { type Failure, type Patched, type PatchedType, Patcher, type Side } from './patcher.js';
import type { RouteViews } from './routes.js';

type Chunks = readonly (readonly EncodedResource[])[];

/** Names of the route configurations that listeners ask for. */
export type RoutesOf = (listeners: readonly EncodedResource[]) => readonly string[];

/** What the patches of one proxy came to. Over all proxies, a patch that is in no `applied` matched nothing. */
export interface PatchReport {
  /** `namespace/name#index` of the patches that are for this proxy, in order. */
  readonly selected: readonly string[];
  /** Those that matched something. */
  readonly applied: readonly string[];
  /** Patches that were refused. */
  readonly problems: readonly Problem[];
  /** Resources that are served unpatched because patching them failed. */
  readonly failures: readonly Failure[];
}

export interface PatchedViews {
  /** '' for proxies without patches, which need nothing below. */
  selection(proxyKey: string): string;
  /** Chunks of clusters or listeners after patching; of a sidecar, the last chunk is the inbound side. */
  chunks(type: PatchedType, proxyKey: string, selection: string, chunks: Chunks): Chunks;
  /** `scope` is an outbound scope's id. */
  route(scope: string, selection: string, name: string): EncodedResource;
  /** An extension configuration that patches add (EF-014). */
  extension(selection: string, name: string): EncodedResource | undefined;
  /** Patches of the proxy's bootstrap, in order. */
  bootstrapPatches(proxyKey: string): readonly Patch[];
  /** What a resource was before patching, and the EnvoyFilters that made it what it is. */
  originOf(resource: EncodedResource): { readonly base: EncodedResource | undefined; readonly filters: readonly Origin[] } | undefined;
  /** `base` gives the chunks before patching; `routesOf` the route configurations that listeners ask for. */
  report(proxyKey: string, base: (type: PatchedType) => Chunks, routesOf: RoutesOf): PatchReport;
}

/** Owner of what does not depend on anything beside the resource. */
const OUTBOUND = {};
const NO_HOSTS = (): readonly string[] => [];

export function definePatchedViews(mesh: Mesh, routes: RouteViews): PatchedViews {
  const { graph } = mesh;
  const madeFrom = new WeakMap<EncodedResource, { readonly base: EncodedResource | undefined; readonly ids: readonly string[] }>();

  /** Key: EnvoyFilter. */
  const compiled = graph.query('compiledEnvoyFilter', (key: string): CompiledFilter => {
    const row = mesh.rows.of('EnvoyFilter').get(key);
    return row === undefined ? { patches: [], problems: [] } : compileEnvoyFilter(row);
  });
  /** Key: selection. */
  const patchers = graph.query(
    'patcher',
    (selection: string): Patcher => new Patcher(scopeOf<PatchSelection>(selection).patches.flatMap(([key, i]) => compiled.get(key).patches[i] ?? [])),
  );

  const outboundSide = (scope: OutboundScope): Side => ({
    context: scope.type === 'router' ? 'GATEWAY' : 'SIDECAR_OUTBOUND',
    owner: OUTBOUND,
    hosts: NO_HOSTS,
  });
  const inboundSide = (proxyKey: string): Side => {
    const scope = mesh.proxies.inboundScope(proxyKey);
    const hosts = (port: number) => scope.targets.filter(({ targetPort }) => targetPort === port).map(({ hostname }) => hostname);
    return { context: 'SIDECAR_INBOUND', owner: scope, hosts };
  };
  const sides = (proxyKey: string, scope: OutboundScope): readonly Side[] =>
    scope.type === 'sidecar' ? [outboundSide(scope), inboundSide(proxyKey)] : [outboundSide(scope)];

  const note = (from: EncodedResource, { resource, applied }: Patched): void => {
    if (resource !== undefined && resource !== from) madeFrom.set(resource, { base: from, ids: [...applied] });
  };

  const patchChunk = (patcher: Patcher, type: PatchedType, chunk: readonly EncodedResource[], side: Side): readonly EncodedResource[] => {
    const patched = patcher.chunk(type, chunk, side);
    if (patched !== chunk) for (const resource of chunk) note(resource, patcher.one(type, resource, side));
    return patched;
  };
  const addedChunk = (patcher: Patcher, type: PatchedType, { context }: Side): readonly EncodedResource[] => {
    const added = patcher.added(type, context);
    const ids = patcher.adding(type, context);
    added.forEach((resource, i) => madeFrom.set(resource, { base: undefined, ids: [ids[i] as string] }));
    return added;
  };

  /** Key: `scope^selection|route name`. */
  const route = graph.query(
    'patchedRoute',
    (key: string): EncodedResource => {
      const { scope, selection, name } = parseRouteKey(key);
      const base = routes.route(scope, name);
      const patched = patchRoute(scope, selection, base);
      note(base, patched);
      return patched.resource as EncodedResource;
    },
    { equals: sameResource },
  );
  const patchRoute = (scopeId: string, selection: string, base: EncodedResource): Patched => {
    const scope = scopeOf<OutboundScope>(scopeId);
    const patcher = patchers.get(selection);
    const { context } = outboundSide(scope);
    // Names that no listener of ours asks for have no route to patch.
    const isOurs = context === 'GATEWAY' || parseSidecarRouteName(base.name) !== undefined;
    if (!isOurs || !patcher.hasRoutePatches(context)) return { resource: base, applied: new Set() };
    return patcher.route(base, context, context === 'GATEWAY' ? serverPorts(scope) : new Map());
  };
  const serverPorts = (scope: OutboundScope): ServerPorts => {
    const ports = new Map<number, Set<number>>();
    for (const { port, servers } of mesh.gateways.listeners(scope)) {
      ports.set(port, new Set([...(ports.get(port) ?? []), ...servers.map(({ server }) => Number(server.port?.number ?? 0))]));
    }
    return ports;
  };

  const filterOrigin = (id: string): Origin => {
    const key = id.slice(0, id.lastIndexOf('#'));
    return { collection: mesh.rows.of('EnvoyFilter').name, key, row: mesh.rows.of('EnvoyFilter').get(key) };
  };

  return {
    selection: (proxyKey) => mesh.envoyFilters.selection(proxyKey),
    chunks(type, proxyKey, selection, chunks) {
      const patcher = patchers.get(selection);
      const scope = mesh.proxies.outboundScope(proxyKey);
      const all = sides(proxyKey, scope);
      const patched = chunks.map((chunk, i) => patchChunk(patcher, type, chunk, sideOf(all, i, chunks.length)));
      const added = all.map((side) => addedChunk(patcher, type, side));
      return withoutRepeatedNames([...patched, ...added], patcher.givenNames(type));
    },
    route: (scope, selection, name) => route.get(`${scope}^${selection}|${name}`),
    extension: (selection, name) => (selection === '' ? undefined : patchers.get(selection).extension(name)),
    bootstrapPatches(proxyKey) {
      const selection = mesh.envoyFilters.selection(proxyKey);
      return selection === '' ? [] : bootstrapPatches(patchers.get(selection).patches, mesh.proxies.get(proxyKey)?.type === 'router');
    },
    originOf(resource) {
      const from = madeFrom.get(resource);
      return from && { base: from.base, filters: [...new Set(from.ids)].map(filterOrigin) };
    },
    report(proxyKey, base, routesOf) {
      const selection = mesh.envoyFilters.selection(proxyKey);
      if (selection === '') return { selected: [], applied: [], problems: [], failures: [] };
      const { patches } = scopeOf<PatchSelection>(selection);
      const patcher = patchers.get(selection);
      const scope = mesh.proxies.outboundScope(proxyKey);
      const all = sides(proxyKey, scope);
      const results: Patched[] = (['cds', 'lds'] as const).flatMap((type) =>
        base(type).flatMap((chunk, i, { length }) => chunk.map((resource) => patcher.one(type, resource, sideOf(all, i, length)))),
      );
      const routeNames = patcher.hasRoutePatches(outboundSide(scope).context) ? routesOf(base('lds').flat()) : [];
      for (const name of routeNames) results.push(patchRoute(scope.id, selection, routes.route(scope.id, name)));
      const repeated = (['cds', 'lds'] as const).flatMap((type) => repeatedNames(patcher, type, base(type), all));
      const applied = new Set(results.flatMap((result) => [...result.applied]));
      for (const side of all) for (const type of ['cds', 'lds'] as const) for (const id of patcher.adding(type, side.context)) applied.add(id);
      for (const patch of patcher.patches) if (patch.applyTo === 'EXTENSION_CONFIG') applied.add(patch.id);
      for (const patch of bootstrapPatches(patcher.patches, scope.type === 'router')) applied.add(patch.id);
      const filters = [...new Set(patches.map(([key]) => key))];
      return {
        selected: patches.map(([key, i]) => `${key}#${i}`),
        applied: [...applied].sort(),
        problems: filters.flatMap((key) => compiled.get(key).problems),
        failures: [...results.flatMap(({ failure }) => failure ?? []), ...repeated],
      };
    },
  };
}

/** Which side of the proxy a chunk is for. */
const sideOf = (sides: readonly Side[], index: number, length: number): Side => (index === length - 1 ? sides.at(-1) : sides[0]) as Side;

function parseRouteKey(key: string): { readonly scope: string; readonly selection: string; readonly name: string } {
  const bar = key.indexOf('|');
  const hat = key.indexOf('^');
  return { scope: key.slice(0, hat), selection: key.slice(hat + 1, bar), name: key.slice(bar + 1) };
}

/** Additions that are left out because their names are there already (XD-034). */
function repeatedNames(patcher: Patcher, type: PatchedType, base: Chunks, sides: readonly Side[]): readonly Failure[] {
  const names = new Set(base.flat().map(({ name }) => name));
  return sides.flatMap(({ context }) => {
    const ids = patcher.adding(type, context);
    return patcher.added(type, context).flatMap(({ name }, i) => {
      if (!names.has(name)) {
        names.add(name);
        return [];
      }
      return [
        {
          message: `there is a ${type === 'cds' ? 'cluster' : 'listener'} ${name} already`,
          after: ids[i],
          ...(type === 'cds' && { repeatedCluster: name }),
        },
      ];
    });
  });
}

/** Names are unique in what is served: of two resources that share one of `names`, the first stays. */
function withoutRepeatedNames(chunks: Chunks, names: ReadonlySet<string>): Chunks {
  if (names.size === 0) return chunks;
  const seen = new Set<string>();
  return chunks.map((chunk) => {
    if (!chunk.some(({ name }) => names.has(name))) return chunk;
    const kept = chunk.filter(({ name }) => {
      if (seen.has(name)) return false;
      if (names.has(name)) seen.add(name);
      return true;
    });
    return kept.length === chunk.length ? chunk : kept;
  });
}
