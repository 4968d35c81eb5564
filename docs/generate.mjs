/**
 * Draws the dependency graph of the example shop into docs/graph.md, one picture per resource type, from the reads that the engine recorded while it
 * computed what the shop's proxies are served. Runs on the build, by `npm run docs`; with `--check` it only compares.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readShop, shopFolder } from '../scripts/demo-shop.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, 'graph.md');
if (!existsSync(join(dirname(here), 'dist', 'main.js'))) throw new Error('not built yet; run `npm run build` first');

const { parseNode } = await import('../dist/model/proxy-node.js');
const { dumpConfig } = await import('../dist/server/config-dump.js');
const { addResources, createMesh } = await import('../dist/server/mesh-instance.js');
const { loadMeshConfig, loadResources } = await import('../dist/sources/load.js');
const types = await import('../dist/views/type-urls.js');

const loaded = loadResources([join(shopFolder, 'mesh')]);
const settings = loadMeshConfig(join(shopFolder, 'mesh-config.yaml'));
const problems = [...loaded.problems, ...settings.problems];
if (problems.length > 0) throw new Error(`the shop has problems: ${problems.map(({ message }) => message).join('; ')}`);
const proxies = readShop().workloads.map((workload) => parseNode(nodeOf(workload)));

/** A proxy as `mizzen bootstrap` describes it. */
function nodeOf({ name, namespace, serviceAccount, ip, labels, type }) {
  return {
    id: `${type}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: {
      NAMESPACE: namespace,
      SERVICE_ACCOUNT: serviceAccount,
      LABELS: labels,
      INSTANCE_IPS: ip,
      INTERCEPTION_MODE: 'NONE',
      CLUSTER_ID: 'Kubernetes',
      MIZZEN_CERTIFICATES: 'ads',
    },
  };
}

/** The shop's mesh with all its proxies, nothing computed yet. */
function newMesh() {
  const instance = createMesh();
  addResources(instance.mesh, [...loaded.resources, ...settings.rows]);
  instance.mesh.graph.transaction(() => proxies.forEach((proxy) => instance.mesh.rows.proxies.set(proxy)));
  return instance;
}

/** The engine's picture after every proxy has read one type; `namesOf` a proxy's subscription, undefined for all. */
function picture(typeUrl, namesOf) {
  const { mesh, views } = newMesh();
  for (const proxy of proxies) views.watch(proxy.key, typeUrl, namesOf(proxy), () => undefined).read();
  return reduced(mesh.graph.describe());
}

/** Leaves out nodes without arrows, and arrows that a longer way implies; the rest gets new numbers, in the order that it had. */
function reduced(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const arrows = lines.flatMap((line) => {
    const [, from, label, to] = /^ *(\w+) -->(?:\|(.*?)\|)? (\w+)$/.exec(line) ?? [];
    return from === undefined || from === to ? [] : [{ from, to, label }];
  });
  const next = new Map();
  for (const { from, to } of arrows) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reaches = (from, to, seen = new Set()) => {
    for (const step of next.get(from) ?? []) {
      if (step === to) return true;
      if (!seen.has(step) && reaches(step, to, seen.add(step))) return true;
    }
    return false;
  };
  const kept = arrows.filter(({ from, to }) => ![...next.get(from)].some((step) => step !== to && reaches(step, to)));
  const used = new Set(kept.flatMap(({ from, to }) => [from, to]));
  const number = new Map();
  const nodes = lines.flatMap((line) => {
    const [, name, shape] = /^ *(\w+)([[(].*)$/.exec(line) ?? [];
    if (name === undefined || !used.has(name)) return [];
    number.set(name, `n${number.size}`);
    return [`  ${number.get(name)}${shape}`];
  });
  const labels = new Map();
  for (const { from, to, label } of kept) {
    const key = `${number.get(from)} ${number.get(to)}`;
    labels.set(key, [...(labels.get(key) ?? []), ...(label === undefined ? [] : [label.replaceAll('"', '').replace(/^(?!all rows)/, 'by ')])]);
  }
  const order = (key) =>
    key
      .split(' ')
      .map((name) => name.slice(1).padStart(4, '0'))
      .join(' ');
  const drawn = [...labels]
    .sort(([a], [b]) => (order(a) < order(b) ? -1 : 1))
    .map(([key, by]) => {
      const [from, to] = key.split(' ');
      return `  ${from} -->${by.length === 0 ? '' : `|"${by.sort().join(', ')}"|`} ${to}`;
    });
  return ['flowchart LR', ...nodes, ...drawn].join('\n');
}

const { mesh, views } = newMesh();
const dumps = new Map(proxies.map((proxy) => [proxy.key, dumpConfig(views, proxy.key)]));
const edsNames = ({ clusters }) =>
  Object.values(clusters).flatMap((cluster) => (cluster.type === 'EDS' ? [cluster.edsClusterConfig?.serviceName || cluster.name] : []));
const sections = [
  ['Clusters (CDS)', types.CLUSTER_TYPE, () => undefined],
  ['Load assignments (EDS)', types.ENDPOINT_TYPE, (proxy) => edsNames(dumps.get(proxy.key)).sort()],
  ['Listeners (LDS)', types.LISTENER_TYPE, () => undefined],
  ['Route configurations (RDS)', types.ROUTE_TYPE, (proxy) => Object.keys(dumps.get(proxy.key).routes)],
];
const drawings = sections.map(([title, typeUrl, namesOf]) => `## ${title}\n\n\`\`\`mermaid\n${picture(typeUrl, namesOf)}\n\`\`\`\n`);
const { collections, queries } = count(mesh.graph.describe());

function count(text) {
  return { collections: text.match(/\[\(/g)?.length ?? 0, queries: text.match(/^ *\w+\("/gm)?.length ?? 0 };
}

const text = `# The graph of the example shop

Made by \`npm run docs\` from the reads that the engine recorded while it computed what the proxies of [examples/shop](../examples/shop) are
served; do not edit. Cylinders are collections (what sources write), boxes are queries (what is computed); an arrow points from what is read to who reads
it, and says by which index if it is not a single row. Arrows that a longer way implies are left out. The whole engine has ${collections} collections and
${queries} queries; a running server draws its own state at \`/debug/graph?format=mermaid\`. What it means: [architecture.md](architecture.md).

${drawings.join('\n')}`;

if (process.argv.includes('--check')) {
  const known = existsSync(target) ? readFileSync(target, 'utf8') : '';
  if (known !== text) {
    console.error('docs/graph.md is not what the build draws; run `npm run docs`');
    process.exitCode = 1;
  }
} else writeFileSync(target, text);
