/**
 * The engine alone: graph, model and views for the bench's mesh and N proxies, in one process and without sockets. For profiling:
 * `node --cpu-prof --expose-gc bench/engine.mjs --services 1000 --proxies 100` after `npm run build`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import { HttpConnectionManager } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { edits, nodeOf, writeMesh } from './mesh.mjs';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '1000' },
    proxies: { type: 'string', default: '100' },
    repeat: { type: 'string', default: '5' },
    dist: { type: 'string', default: 'dist' },
    mesh: { type: 'string' },
  },
});
const load = (path) => import(pathToFileURL(resolve(values.dist, path)).href);
const { addResources, createMesh } = await load('server/mesh-instance.js');
const { loadResources, parseResources } = await load('sources/load.js');
const { parseNode } = await load('model/proxy-node.js');

const TYPE = {
  cds: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  eds: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  rds: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
};
const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** Names that a resource refers to, once per distinct resource. */
const referred = new WeakMap();
function referencesOf(type, resource) {
  let names = referred.get(resource);
  if (names === undefined) referred.set(resource, (names = type === 'cds' ? assignmentOf(resource) : routesOf(resource)));
  return names;
}
function assignmentOf(resource) {
  const cluster = Cluster.decode(Any.decode(resource.body).value);
  const isEds = cluster.clusterDiscoveryType?.$case === 'type' && cluster.clusterDiscoveryType.value === 3;
  return isEds ? [cluster.edsClusterConfig?.serviceName || cluster.name] : [];
}
function routesOf(resource) {
  const listener = Listener.decode(Any.decode(resource.body).value);
  const chains = [...listener.filterChains, ...(listener.defaultFilterChain ? [listener.defaultFilterChain] : [])];
  const configs = chains
    .flatMap((chain) => chain.filters)
    .flatMap((filter) => (filter.configType?.$case === 'typedConfig' ? [filter.configType.value] : []));
  return configs
    .filter(({ typeUrl }) => typeUrl === HCM)
    .flatMap(({ value }) => {
      const { routeSpecifier } = HttpConnectionManager.decode(value);
      return routeSpecifier?.$case === 'rds' ? [routeSpecifier.value.routeConfigName] : [];
    });
}

const round = (ms) => Math.round(ms * 100) / 100;
const bytesOf = (set) => set.chunks.reduce((sum, chunk) => sum + chunk.reduce((part, { body }) => part + body.length, 0), 0);
function heap() {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return `heap ${(heapUsed / 1e6).toFixed(1)} MB, buffers ${(arrayBuffers / 1e6).toFixed(1)} MB, rss ${(rss / 1e6).toFixed(0)} MB`;
}
function timed(label, run) {
  const start = performance.now();
  const value = run();
  console.log(`${label.padEnd(34)} ${String(round(performance.now() - start)).padStart(9)} ms`);
  return value;
}

const folder = values.mesh ?? mkdtempSync(join(tmpdir(), 'mizzen-bench-'));
if (values.mesh === undefined) writeMesh(folder, Number(values.services));
const { resources, problems } = timed('files', () => loadResources([folder]));
for (const problem of problems.slice(0, 5)) console.error(problem.message);
const { mesh, views } = createMesh();
timed('rows', () => addResources(mesh, resources));
console.log(heap());

const stale = new Set();
const proxies = [];
const open = (proxy, type, names) => {
  const entry = { proxy, type, watch: undefined, set: undefined };
  entry.watch = views.watch(proxy, TYPE[type], names, () => stale.add(entry));
  entry.set = entry.watch.read();
  return entry;
};
const cold = (index) => {
  const proxy = parseNode(nodeOf(index));
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const cds = open(proxy.key, 'cds');
  const names = (type, { set }) => [...new Set(set.chunks.flatMap((chunk) => chunk.flatMap((resource) => referencesOf(type, resource))))].sort();
  const eds = open(proxy.key, 'eds', names('cds', cds));
  const lds = open(proxy.key, 'lds');
  const rds = open(proxy.key, 'rds', names('lds', lds));
  proxies.push({ cds, eds, lds, rds });
};
timed('first proxy', () => cold(0));
console.log(
  Object.entries(proxies[0])
    .map(([type, { set }]) => `${type} ${(bytesOf(set) / 1e3).toFixed(0)} kB`)
    .join(', '),
);
timed('second proxy', () => cold(1));
timed('third proxy', () => cold(2));
const count = Number(values.proxies);
timed(`proxies 4 to ${count}`, () => {
  for (let i = 3; i < count; i++) cold(i);
});
console.log(heap());
if (process.env.STATS) console.log(mesh.graph.stats());

for (let phase = 0; phase < edits().length; phase++) {
  for (let turn = 1; turn <= Number(values.repeat); turn++) {
    const edit = edits(turn)[phase];
    const edited = parseResources(edit.text, edit.file).resources;
    const runs = mesh.graph.stats().runs;
    const begin = performance.now();
    addResources(mesh, edited);
    const told = performance.now();
    const again = [...stale];
    stale.clear();
    let changed = 0;
    for (const entry of again) {
      const before = entry.set;
      entry.set = entry.watch.read();
      if (before !== entry.set) changed++;
    }
    const end = performance.now();
    const perType = Object.keys(TYPE).map((type) => `${type} ${again.filter((entry) => entry.type === type).length}`);
    console.log(
      `${edit.phase}: transaction ${round(told - begin)} ms, read ${round(end - told)} ms, runs ${mesh.graph.stats().runs - runs}, stale: ${perType.join(' ')}, changed ${changed}`,
    );
  }
}
console.log(heap());
if (values.mesh === undefined) rmSync(folder, { recursive: true });
