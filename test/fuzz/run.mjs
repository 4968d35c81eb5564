/**
 * Builds random but valid meshes, translates them as the server would, and asks a real Envoy whether it takes the result
 * (`--mode validate` of a static bootstrap). A refusal is a bug. `node test/fuzz/run.mjs [--seconds 60] [--seed N] [--keep DIR]`; the build must be
 * there. Seeds that once found something are in seeds.json and go first; `--seed N` runs that one alone and says what it is made of.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { generateRoot } from '../../dist/ca/root.js';
import { parseNode } from '../../dist/model/proxy-node.js';
import { dumpConfig } from '../../dist/server/config-dump.js';
import { addResources, createMesh } from '../../dist/server/mesh-instance.js';
import { loadResources } from '../../dist/sources/load.js';
import { envoyAccepts } from '../conformance/envoy-accepts.mjs';
import { mesh, proxies } from './mesh.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, keep: { type: 'string' } } });
const BATCH = 4;
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'mizzen-fuzz-'));
mkdirSync(folder, { recursive: true });
const known = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8'));
const end = Date.now() + Number(values.seconds) * 1000;
const total = { meshes: 0, configs: 0, accepted: 0, resources: 0, refusedByUs: 0 };
const failures = [];
const { certificatePem: someCa } = await generateRoot({ trustDomain: 'fuzz' });

/** Translates the mesh of a seed into FOLDER/SEED/PROXY.json. */
function translate(seed) {
  const [resources] = fc.sample(mesh, { seed, numRuns: 1 });
  const file = join(folder, `${seed}.yaml`);
  writeFileSync(file, resources.map((one) => JSON.stringify(one)).join('\n---\n'));
  const loaded = loadResources([file]);
  total.meshes++;
  total.resources += resources.length;
  total.refusedByUs += loaded.problems.filter(({ severity }) => severity === 'error').length;
  if (values.seed) for (const problem of loaded.problems) console.log(problem);
  mkdirSync(join(folder, String(seed)), { recursive: true });
  for (const [name, node] of Object.entries(proxies)) {
    const { mesh: rows, views } = createMesh();
    addResources(rows, loaded.resources);
    const proxy = parseNode(node);
    rows.graph.transaction(() => rows.rows.proxies.set(proxy));
    const dump = dumpConfig(views, proxy.key, { origins: false });
    writeFileSync(join(folder, String(seed), `${name}.json`), JSON.stringify(dump, besideAds));
    total.configs++;
  }
}

/**
 * Secrets come over a stream of their own here: stock Envoy 1.40 ends by SIGSEGV when a *static* cluster that is usable at once (an address under
 * DNS, an original destination) wants secrets over ADS, which is not up yet. From CDS, as Envoy gets it from us, it is well.
 */
function besideAds(key, value) {
  // What users' files hold is not ours to judge, and these hold nothing.
  if (key === 'tlsCertificates') return undefined;
  // A CA has to be there, though: Envoy refuses names to check without one.
  if (key === 'trustedCa' && value?.filename !== undefined) return { inlineString: someCa };
  if (key !== 'sdsConfig' || value?.ads === undefined) return value;
  const { ads: _, ...rest } = value;
  const grpcServices = [{ envoyGrpc: { clusterName: 'xds-grpc' } }];
  return { ...rest, apiConfigSource: { apiType: 'GRPC', transportApiVersion: 'V3', grpcServices } };
}

async function runBatch(seeds) {
  const translated = seeds.filter((seed) => {
    try {
      translate(seed);
      return true;
    } catch (error) {
      failures.push({ seed, said: `translation threw: ${error.stack}` });
      return false;
    }
  });
  const { accepted, refused } = await envoyAccepts(folder, translated.map(String));
  total.accepted += accepted;
  for (const said of refused) failures.push({ seed: Number(said.split(' ', 1)[0]), said });
  if (values.keep === undefined)
    for (const seed of seeds) {
      rmSync(join(folder, String(seed)), { recursive: true, force: true });
      rmSync(join(folder, `${seed}.yaml`), { force: true });
    }
}

if (values.seed === undefined) {
  for (let at = 0; at < known.length; at += BATCH) await runBatch(known.slice(at, at + BATCH));
  for (let seed = Date.now() % 2_000_000_000; Date.now() < end; seed += BATCH) await runBatch(Array.from({ length: BATCH }, (_, n) => seed + n));
} else await runBatch([Number(values.seed)]);
if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
for (const { seed, said } of failures) console.log(`seed ${seed}: ${said}`);
console.log(`${total.meshes} meshes of ${total.resources} resources (${total.refusedByUs} refused by validation), ${total.configs} configurations`);
console.log(`${total.accepted} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
