/**
 * Each field of each golden input, one at a time, left out or something else: what validation lets through is translated without an error, and a real
 * Envoy takes it. `npm run fuzz:fields -- [--only TEXT] [--each N] [--part I/N] [--no-envoy]`: a field of a kind is spoiled in N inputs (1), of inputs whose name
 * contains TEXT; `--part 2/5` does the second fifth of them. Nothing here is random. The build must be there.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { envoyAccepts } from '../conformance/envoy-accepts.mjs';
import { nodeOf } from '../golden-header.ts';
import { fieldOf, odd, places, replaced } from './spoil.mjs';
import { translate } from './translate.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    each: { type: 'string', default: '1' },
    part: { type: 'string', default: '1/1' },
    envoy: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [part, parts] = options.part.split('/').map(Number);
const src = new URL('../../src/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'mizzen-fields-'));
const BATCH = 40;

/** What only Envoy or the proxy's machine can judge: parts of Envoy's own API, programs, files. */
const THEIRS =
  /^(EnvoyFilter\..*|TrafficExtension\.spec\.lua\.inlineCode|MeshConfig\.(accessLogFile|extensionProviders\.\[\]\.envoyFileAccessLog\.path))$/;

/** True when a stock Envoy takes the input as it is: it can judge it then. What is for Istio's Envoy or for gRPC it does not take. */
async function isTaken(whole) {
  translate(whole, 'whole', folder);
  const { accepted } = await envoyAccepts(folder, ['whole']);
  return accepted === 1;
}

const seen = new Map();
/** What shall be tried. */
async function* meshes() {
  const files = readdirSync(src, { recursive: true }).filter((file) => file.endsWith('.in.yaml') && file.includes(options.only));
  for (const file of files.sort()) {
    const [header, ...resources] = parseAllDocuments(readFileSync(new URL(file, src), 'utf8')).map((one) => one.toJS());
    const whole = { resources, proxies: { proxy: nodeOf(header.proxy) }, meshConfig: header.mesh, meshNetworks: header.meshNetworks };
    const of = (name, value, put) => ({ name, whole, value, put });
    const asks = options.envoy && (await isTaken(whole));
    const spots = [
      ...resources.map((resource, at) => of(resource?.kind, resource, (one) => ({ ...whole, resources: resources.with(at, one) }))),
      ...(header.mesh ? [of('MeshConfig', header.mesh, (one) => ({ ...whole, meshConfig: one }))] : []),
      ...(header.meshNetworks ? [of('MeshNetworks', header.meshNetworks, (one) => ({ ...whole, meshNetworks: one }))] : []),
    ];
    for (const { name, value, put } of spots) {
      for (const path of places(value)) {
        const place = `${name}.${fieldOf(path)}`;
        const times = seen.get(place) ?? 0;
        seen.set(place, times + 1);
        if (times >= Number(options.each)) continue;
        const now = path.reduce((one, step) => one[step], value);
        for (const other of odd(now)) {
          const what = `${file} ${name}.${path.join('.')} = ${JSON.stringify(other)?.slice(0, 60)}`;
          yield { what, mesh: put(replaced(value, path, other)), asksEnvoy: asks && !THEIRS.test(place) };
        }
      }
    }
  }
}

const digests = new Set();
const total = { tried: 0, refusedByUs: 0, accepted: 0, refused: 0, failed: 0 };
let waiting = [];
const fail = (what, said) => {
  total.failed++;
  console.log(`FAIL ${what}: ${said}`);
};

async function askEnvoy() {
  const { accepted, refused } = await envoyAccepts(
    folder,
    waiting.map(({ name }) => name),
  );
  total.accepted += accepted;
  total.refused += refused.length;
  for (const said of refused) fail(waiting.find(({ name }) => said.startsWith(`${name} `)).what, said);
  for (const { name } of waiting) rmSync(join(folder, name), { recursive: true, force: true });
  waiting = [];
}

let at = 0;
for await (const { what, mesh, asksEnvoy } of meshes()) {
  if (at++ % parts !== part - 1) continue;
  total.tried++;
  const name = `m${at}`;
  try {
    if (translate(mesh, name, folder).length > 0) total.refusedByUs++;
  } catch (error) {
    fail(what, error.stack);
    continue;
  }
  const digest = createHash('sha256')
    .update(readFileSync(join(folder, name, 'proxy.json')))
    .digest('hex');
  if (asksEnvoy && !digests.has(digest)) waiting.push({ name, what });
  else rmSync(join(folder, name), { recursive: true, force: true });
  digests.add(digest);
  if (waiting.length >= BATCH) await askEnvoy();
}
if (waiting.length > 0) await askEnvoy();
rmSync(folder, { recursive: true, force: true });
console.log(
  `${total.tried} tried, ${total.refusedByUs} refused by validation, ${digests.size} different configurations, of which Envoy was asked about ${total.accepted + total.refused} and took ${total.accepted}`,
);
console.log(`${total.tried - total.failed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
