/**
 * The conformance cases and golden inputs, each field of their resources and settings changed, one at a time: left out, something else, what it
 * holds elsewhere, or a field more. What our validation refuses is passed over: it never gets as far.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { nodeOf } from '../golden-header.ts';
import { changed, firstTimes, Pool } from './pool.mjs';
import { withSlices } from './slices.mjs';

const ELSEWHERE = 5;
const documents = (file) => parseAllDocuments(readFileSync(file, 'utf8')).flatMap((one) => one.toJS() ?? []);

/** What may stand in place of a value, apart from what stands there elsewhere. */
function others(value) {
  if (typeof value === 'boolean') return [undefined, !value];
  if (typeof value === 'number') return [undefined, 0, 1, value + 1];
  if (typeof value === 'string') return [undefined, '', `${value}x`, '*'];
  if (Array.isArray(value)) return [undefined, [], [...value].reverse(), [...value, ...value]];
  return [undefined, {}];
}

const OURS = ['apiVersion', 'kind', 'status', 'name', 'namespace', 'creationTimestamp'];
const isOurs = (path) => OURS.includes(path[0]) || (path[0] === 'metadata' && (path.length === 1 || OURS.includes(path[1])));

/** Patches of different objects have nothing to give each other. */
const isPatch = (field) => field.includes('.patch.value');

/** How a resource or the settings (`kind` MeshConfig) are changed. */
const changes = (kind, pool, isNew) => ({
  pool,
  isNew,
  skips: (path) => (path.length === 0 ? kind !== 'MeshConfig' : isOurs(path)),
  keeps: isPatch,
  puts(now, field) {
    const all = new Map([...others(now), ...(isPatch(field) ? [] : pool.values(field, ELSEWHERE))].map((one) => [JSON.stringify(one), one]));
    all.delete(JSON.stringify(now));
    return all.values();
  },
});

/** A field that is newer than the reference's version. */
export const withoutNewest = (mesh) => Object.fromEntries(Object.entries(mesh).filter(([field]) => field !== 'defaultInboundHttpRetryPolicy'));

/** The conformance data's cases. */
export function conformanceCases(folder) {
  const read = (name) => {
    const at = join(folder, name);
    const [mesh = {}] = documents(join(at, 'mesh.yaml'));
    return { name, resources: documents(join(at, 'input.yaml')), mesh, proxies: documents(join(at, 'proxies.yaml')).flat() };
  };
  return readdirSync(folder)
    .map(read)
    .filter(({ mesh }) => mesh.kind !== 'ConfigMap');
}

/** What an API server fills in, and what the controllers do that do not run in the reference's double. */
function asServed(resource) {
  const { kind, metadata, spec } = resource;
  if (kind === 'Pod') return { ...resource, spec: { serviceAccountName: 'default', ...spec } };
  if (kind === 'ServiceEntry')
    return { ...resource, metadata: { ...metadata, labels: { 'networking.istio.io/enable-autoallocate-ip': 'false', ...metadata.labels } } };
  if (kind !== 'Service' || spec?.ports === undefined) return resource;
  return { ...resource, spec: { ...spec, ports: spec.ports.map((port) => ({ protocol: 'TCP', targetPort: port.port, ...port })) } };
}

/** Cases made of golden inputs under `src`: the proxy has an agent, and no provider is there by default. */
export function goldenCases(src) {
  const files = readdirSync(src, { recursive: true }).filter((file) => file.endsWith('.in.yaml'));
  return files.sort().flatMap((file) => {
    const [{ proxy, mesh, meshNetworks, settings, clusters, hostAddresses }, ...resources] = documents(join(src, file));
    if (meshNetworks ?? settings ?? clusters ?? hostAddresses) return [];
    const { id, metadata, locality = {} } = nodeOf(proxy);
    const said = { SERVICE_ACCOUNT: 'default', ISTIO_VERSION: '1.29.0', ...metadata };
    const where = [locality.region, locality.zone, locality.subZone].filter(Boolean).join('/');
    return {
      name: file.slice(0, -'.in.yaml'.length).replaceAll(/[/]|testdata/g, '-'),
      resources: withSlices(resources.map(asServed)),
      mesh: { defaultProviders: { metrics: [], tracing: [], accessLogging: [] }, ...withoutNewest(mesh ?? {}) },
      proxies: [{ name: 'proxy', id, metadata: said, locality: where }],
    };
  });
}

/**
 * Every case, and every case with one field changed: `{ name, what, resources, mesh, proxies }`. A field is changed in `each` cases, of small ones first.
 * `settings` are further MeshConfigs to take values from; `isGood(value, isMesh)` is our validation.
 */
export function* spoiledCases({ cases: all, settings, each, isGood }) {
  const cases = all.toSorted((a, b) => JSON.stringify(a).length - JSON.stringify(b).length || (a.name < b.name ? -1 : 1));
  const pool = new Pool();
  for (const one of settings) pool.add('MeshConfig', one);
  for (const { resources, mesh } of cases) {
    pool.add('MeshConfig', mesh);
    for (const resource of resources) pool.add(resource.kind, resource);
  }
  const isNew = firstTimes(each);
  for (const { name, resources, mesh, proxies } of cases) {
    let n = 0;
    yield { name: `${name}-0`, what: name, resources, mesh, proxies };
    const one = (what, rest) => ({ name: `${name}-${++n}`, what: `${name}: ${what}`, resources, mesh, proxies, ...rest });
    for (const [what, other] of changed('MeshConfig', mesh, changes('MeshConfig', pool, isNew)))
      if (isGood(other, true)) yield one(what, { mesh: other });
    for (const [at, resource] of resources.entries())
      for (const [what, other] of changed(resource.kind, resource, changes(resource.kind, pool, isNew)))
        if (isGood(other, false)) yield one(`${resource.metadata.name} ${what}`, { resources: resources.with(at, other) });
  }
}
