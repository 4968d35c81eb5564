/**
 * Builds random but valid meshes, translates them as the server would, and asks a real Envoy whether it takes the result
 * (`--mode validate` of a static bootstrap). A refusal is a bug. `npm run fuzz -- [--seconds 60] [--keep DIR]`; the build must be there.
 * It begins at a random seed, or at `--from N`. `--seed N` runs that one alone and says what it is made of; `--shrink N` makes it small and
 * prints it. What was found once is kept in found/, whole, since a seed means something else as soon as a generator changes; these go first.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { envoyAccepts } from '../conformance/envoy-accepts.mjs';
import { mesh } from './mesh.mjs';
import { shrink } from './shrink.mjs';
import { translate } from './translate.mjs';

const text = { type: 'string' };
const { values } = parseArgs({ options: { seconds: { ...text, default: '60' }, from: text, seed: text, shrink: text, keep: text } });
const BATCH = 4;
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'mizzen-fuzz-'));
mkdirSync(folder, { recursive: true });
const found = new URL('found/', import.meta.url);
let end = Date.now() + Number(values.seconds) * 1000;
process.once('SIGINT', () => (end = 0)); // what was found until then is still told
const total = { meshes: 0, configs: 0, accepted: 0, skipped: 0, resources: 0, refusedByUs: 0 };
const failures = [];
const meshOf = (seed) => fc.sample(mesh, { seed: Number(seed), numRuns: 1 })[0];

/** Runs meshes by name; resolves to what went wrong. */
async function run(named) {
  const wrong = [];
  const good = [];
  for (const [name, one] of named) {
    total.meshes++;
    total.resources += one.resources.length;
    total.configs += Object.keys(one.proxies).length;
    try {
      const problems = translate(one, name, folder);
      total.refusedByUs += problems.length;
      if (values.seed !== undefined) for (const problem of problems) console.log(problem);
      if (values.keep !== undefined) writeFileSync(join(folder, `${name}.mesh.json`), JSON.stringify(one, null, 1));
      good.push(name);
    } catch (error) {
      wrong.push({ name, said: `translation threw: ${error.stack}` });
    }
  }
  const { accepted, refused, skipped } = await envoyAccepts(folder, good);
  total.accepted += accepted;
  total.skipped += skipped.length;
  for (const said of refused) wrong.push({ name: said.split(' ', 1)[0], said });
  if (values.keep === undefined) for (const [name] of named) rmSync(join(folder, name), { recursive: true, force: true });
  return wrong;
}

/** The words of a refusal without what is particular to the mesh, so that shrinking stays with one reason. */
const reasonOf = ({ said }) =>
  said
    .replace(/^\S+ \S+ /, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/'[^']*'|[\d.:]+/g, '')
    .slice(0, 80);

if (values.shrink !== undefined) {
  const whole = meshOf(values.shrink);
  const [first] = await run([['whole', whole]]);
  if (first === undefined) console.log('Envoy takes it');
  else {
    const reason = reasonOf(first);
    const isRefused = async (one) => (await run([['part', one]])).some((other) => reasonOf(other) === reason);
    const small = await shrink(whole, isRefused, (size) => console.error(size));
    console.log(first.said);
    console.log(JSON.stringify(small, null, 2));
  }
} else if (values.seed !== undefined) {
  failures.push(...(await run([[values.seed, meshOf(values.seed)]])));
} else {
  const known = readdirSync(found)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, found), 'utf8'))]);
  for (let at = 0; at < known.length; at += BATCH) failures.push(...(await run(known.slice(at, at + BATCH))));
  const first = Number(values.from ?? Date.now() % 2_000_000_000);
  console.log(`from seed ${first}`);
  for (let seed = first; Date.now() < end; seed += BATCH)
    failures.push(...(await run(Array.from({ length: BATCH }, (_, n) => [String(seed + n), meshOf(seed + n)]))));
}
if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
// FAIL is what CI's summary looks for.
for (const { name, said } of failures) console.log(`FAIL ${/^\d+$/.test(name) ? 'seed ' : ''}${name}: ${said}`);
console.log(
  `${total.meshes} meshes of ${total.resources} resources (${total.refusedByUs} refused by validation), ${total.configs} configurations` +
    (total.skipped > 0 ? `, ${total.skipped} with what no stock Envoy has` : ''),
);
console.log(`${total.accepted} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
