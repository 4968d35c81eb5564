/**
 * `npm run reference -- [WHAT] [--only TEXT] [--diff N] [--keep DIR]`: asks the reference control plane and Mizzen about the same cases and compares,
 * leaf by leaf. WHAT: nothing, the behaviour scenarios; --random N [--seed N], random meshes; --clusters, several clusters and networks (world.mjs;
 * with --random, random meshes over two clusters); --upstream, what the reference is tested with itself (upstream.mjs); --spoiled [--golden]
 * [--each N] [--part I/N], conformance cases (and golden inputs) with one field changed (spoiled.mjs); --verdicts [--each N], what validation says
 * of single resources, as they are and spoiled (verdicts.mjs); --cases DIR, a folder of cases. With --keep, cases and answers stay in DIR.
 * For developers, not for CI: it takes Go, builds the reference's packages (2 to 10 minutes, once), and a difference needs somebody who judges it
 * (docs/deviations.md). What is the reference's own doing, or its test double's: an endpoint without a targetRef may miss its pod; which of a
 * ServiceEntry's addresses is a domain, which of two entries of one host is the first, and which of two ports that end at one, is chance; a patch of
 * a number that all proxies share (max_direct_response_body_size_bytes) shows on other proxies too; of two clusters' pods of one name a ServiceEntry
 * selects either; slices with pods of other namespaces have their own rules; no API server refuses
 * names in capitals, fields that nobody knows, or what the rules of definitions forbid.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { meshConfigs, writeClusters, writeRandom, writeScenarios, writeSpoiled, writeUpstream } from './cases.mjs';
import { ask, build, mcsOf, moduleFolder } from './reference.mjs';
import { conformanceCases, goldenCases } from './spoiled.mjs';
import { compareVerdicts } from './verdicts.mjs';

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    random: { ...text, default: '0' },
    seed: { ...text, default: '1' },
    clusters: { type: 'boolean', default: false },
    upstream: { type: 'boolean', default: false },
    verdicts: { type: 'boolean', default: false },
    spoiled: { type: 'boolean', default: false },
    golden: { type: 'boolean', default: false },
    part: { ...text, default: '1/1' },
    each: { ...text, default: '1' },
    cases: text,
    only: { ...text, default: '' },
    diff: { ...text, default: '5' },
    keep: text,
  },
});
const checkout = join(import.meta.dirname, '../..');
const conformance = process.env.MIZZEN_CONFORMANCE ?? join(checkout, '../shared/conformance');
const work = values.keep === undefined ? mkdtempSync(join(tmpdir(), 'mizzen-reference-')) : resolve(values.keep);
mkdirSync(work, { recursive: true });
process.on('exit', () => values.keep === undefined && rmSync(work, { recursive: true, force: true }));

/** What comes over ECDS counts among the routes: compare.mjs looks at four types. The version of a plugin is the test double's. */
function compareExtensions(want, got) {
  const add = (file, extensions = {}) => {
    const all = JSON.parse(readFileSync(file, 'utf8'));
    for (const [name, one] of Object.entries(extensions))
      all.routes[`ECDS ${name}`] = JSON.parse(JSON.stringify(one).replace(/("ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION":)"[^"]*"/, '$1""'));
    writeFileSync(file, JSON.stringify(all, undefined, 1));
    return all;
  };
  for (const file of readdirSync(join(want, 'expect'))) {
    const extensions = join(want, 'expect-ecds', file);
    if (existsSync(extensions)) add(join(want, 'expect', file), JSON.parse(readFileSync(extensions, 'utf8')));
    if (existsSync(join(got, file))) add(join(got, file), JSON.parse(readFileSync(join(got, file), 'utf8')).extensions);
  }
}

async function spoil() {
  const { parseResources } = await import(join(checkout, 'dist/sources/load.js'));
  const { MeshConfigFile } = await import(join(checkout, 'dist/sources/mesh-config-file.js'));
  const isGood = (one, isMesh) => {
    const { problems } = isMesh ? new MeshConfigFile('mesh.yaml').update(JSON.stringify(one)) : parseResources(JSON.stringify(one));
    return !problems.some(({ severity }) => severity === 'error');
  };
  const [part, parts] = values.part.split('/').map(Number);
  const all = [...conformanceCases(join(conformance, 'cases')), ...(values.golden ? goldenCases(join(checkout, 'src')) : [])];
  writeSpoiled(cases, { cases: all, settings: meshConfigs(), each: Number(values.each), isGood, part, parts });
}

const binary = build(work);
if (values.verdicts) {
  const { parseResources } = await import(join(checkout, 'dist/sources/load.js'));
  const folders = [
    [join(checkout, 'src'), '.in.yaml'],
    [join(checkout, 'src/validation/testdata'), '.yaml'],
    [join(checkout, 'e2e/scenarios'), '.yaml'],
    [join(checkout, 'examples'), '.yaml'],
    [conformance, '.yaml'],
  ];
  compareVerdicts({ binary, module: moduleFolder(), work, folders, each: Number(values.each), only: values.only, parseResources });
  process.exit();
}
const cases = values.cases ?? join(work, 'cases');
if (values.cases === undefined) {
  if (values.random !== '0') writeRandom(cases, Number(values.seed), Number(values.random), values.clusters);
  else if (values.clusters) writeClusters(cases);
  else if (values.spoiled) await spoil();
  else if (values.upstream) writeUpstream(cases, moduleFolder());
  else writeScenarios(cases);
}
const { run } = await import(join(checkout, 'dist/cli/program.js'));
const expected = join(work, 'expected');
const actual = join(work, 'actual');
const folders = { cases, expected, work };
const quiet = console.error;
const TOGETHER = 16;
for (const names of Map.groupBy(
  readdirSync(cases).filter((one) => one.includes(values.only)),
  (name) => mcsOf(join(cases, name)).join(),
).values())
  for (let at = 0; at < names.length; at += TOGETHER) ask(binary, folders, names.slice(at, at + TOGETHER));
for (const name of existsSync(expected) ? readdirSync(expected) : []) {
  const at = join(cases, name);
  const remote = existsSync(join(at, 'clusters')) ? readdirSync(join(at, 'clusters')) : [];
  console.error = (line) => console.log(`${name}: ${line}`);
  await run([
    'node',
    'mizzen',
    'translate',
    '--config',
    join(at, 'input.yaml'),
    '--cluster',
    'Kubernetes',
    ...remote.flatMap((file) => ['--remote-cluster', `${file.slice(0, -'.yaml'.length)}=${join(at, 'clusters', file)}`]),
    ...mcsOf(at).flatMap((part) => ['--mcs', part]),
    '--mesh-config',
    join(at, 'mesh.yaml'),
    '--proxies',
    join(at, 'proxies.yaml'),
    '--output',
    join(actual, name),
  ]);
  console.error = quiet;
}
const answered = existsSync(expected) ? readdirSync(expected) : [];
for (const name of answered) compareExtensions(join(expected, name), join(actual, name));
const compare = (...flags) =>
  spawnSync('node', [join(conformance, 'compare.mjs'), expected, actual, ...flags], { encoding: 'utf8', maxBuffer: 2 ** 28 }).stdout;
// Some of what the reference keeps in memory outlives a case: those that differ are asked about again, each in a process of its own.
const report = join(work, 'report.json');
compare('--json', report);
for (const row of answered.length > 1 ? JSON.parse(readFileSync(report, 'utf8')).report.filter(({ diffs }) => diffs.length > 0) : []) {
  ask(binary, folders, [row.case]);
  if (existsSync(join(expected, row.case))) compareExtensions(join(expected, row.case), join(actual, row.case));
}
const whatOf = (name) => (existsSync(join(cases, name, 'what.txt')) ? `\n  (${readFileSync(join(cases, name, 'what.txt'), 'utf8')})` : '');
console.log(compare('--diff', values.diff).replace(/^(\S+): \d+\/\d+ exact$/gm, (line, name) => line + whatOf(name)));
