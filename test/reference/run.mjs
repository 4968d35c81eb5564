/**
 * `npm run reference -- [--random N] [--seed N] [--clusters] [--upstream] [--cases DIR] [--only TEXT] [--diff N] [--keep DIR]`: asks the
 * reference control plane and Mizzen about the same cases and compares, leaf by leaf: the behaviour scenarios, N random meshes (0), several clusters
 * and networks (world.mjs; with --random, random meshes over two clusters), what the reference is tested with itself (upstream.mjs), or a folder of cases; with --keep, cases and answers stay in DIR.
 * For developers, not for CI: it takes Go, builds the reference's packages (2 to 10 minutes, once), and a difference needs somebody who judges it
 * (docs/deviations.md). What is the reference's own doing, or its test double's: an endpoint without a targetRef may miss its pod; which of a
 * ServiceEntry's addresses is a domain, which of two entries of one host is the first, and which of two ports that end at one, is chance; a patch of
 * a number that all proxies share (max_direct_response_body_size_bytes) shows on other proxies too; of two clusters' pods of one name a ServiceEntry
 * selects either; slices with pods of other namespaces have their own rules; no API server refuses
 * names in capitals, fields that nobody knows, or what the rules of definitions forbid.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeClusters, writeRandom, writeScenarios, writeUpstream } from './cases.mjs';
import { editDouble } from './double.mjs';

/** The commit that the conformance data were made with is of the same month. */
const MODULE = 'istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad';
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    random: { ...text, default: '0' },
    seed: { ...text, default: '1' },
    clusters: { type: 'boolean', default: false },
    upstream: { type: 'boolean', default: false },
    cases: text,
    only: { ...text, default: '' },
    diff: { ...text, default: '5' },
    keep: text,
  },
});
const checkout = join(import.meta.dirname, '../..');
const conformance = process.env.MIZZEN_CONFORMANCE ?? join(checkout, '../shared/conformance');
const cache = join(checkout, 'node_modules/.cache/reference');
const work = values.keep === undefined ? mkdtempSync(join(tmpdir(), 'mizzen-reference-')) : resolve(values.keep);
mkdirSync(work, { recursive: true });
process.on('exit', () => values.keep === undefined && rmSync(work, { recursive: true, force: true }));

const moduleFolder = () => JSON.parse(execFileSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8', cwd: work })).Dir;

function build() {
  const programs = ['reference_test.go', 'clusters_test.go'];
  const hash = createHash('sha256');
  for (const file of [...programs, 'double.mjs', 'double/clusters.go']) hash.update(readFileSync(join(import.meta.dirname, file)));
  const binary = join(cache, `${hash.digest('hex').slice(0, 12)}.test`);
  if (existsSync(binary)) return binary;
  console.log(`building ${MODULE}`);
  const source = join(work, 'istio');
  rmSync(source, { recursive: true, force: true });
  cpSync(moduleFolder(), source, { recursive: true });
  execFileSync('chmod', ['-R', 'u+w', source]);
  mkdirSync(join(source, 'reference'));
  for (const file of programs) copyFileSync(join(import.meta.dirname, file), join(source, 'reference', file));
  editDouble(source);
  mkdirSync(cache, { recursive: true });
  // Without paths in it, so that Go's cache serves the next build.
  execFileSync('go', ['test', '-trimpath', '-vet=off', '-c', '-o', binary, './reference'], { cwd: source, stdio: 'inherit' });
  return binary;
}

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

const binary = build();
const cases = values.cases ?? join(work, 'cases');
if (values.cases === undefined) {
  if (values.random !== '0') writeRandom(cases, Number(values.seed), Number(values.random), values.clusters);
  else if (values.clusters) writeClusters(cases);
  else if (values.upstream) writeUpstream(cases, moduleFolder());
  else writeScenarios(cases);
}
const { run } = await import(join(checkout, 'dist/cli/program.js'));
const expected = join(work, 'expected');
const actual = join(work, 'actual');
const env = {
  ...process.env,
  PILOT_ENABLE_METADATA_EXCHANGE: 'false',
  PILOT_ENABLE_ALPN_FILTER: 'false',
  PILOT_ENABLE_ALPHA_GATEWAY_API: 'true',
  REFERENCE_IN: cases,
  REFERENCE_OUT: expected,
};
/** What `--mcs` is called there; each part brings what it is worth nothing without. */
const DISCOVERY = ['ENABLE_MCS_SERVICE_DISCOVERY'];
const HOST = [...DISCOVERY, 'ENABLE_MCS_HOST'];
const MCS = { discovery: DISCOVERY, host: HOST, 'cluster-local': [...HOST, 'ENABLE_MCS_CLUSTER_LOCAL'] };
const quiet = console.error;
for (const name of readdirSync(cases).filter((one) => one.includes(values.only))) {
  // A process for each: what the reference can't take may end it.
  const at = join(cases, name);
  const mcs = existsSync(join(at, 'mcs.json')) ? JSON.parse(readFileSync(join(at, 'mcs.json'), 'utf8')) : [];
  const { status, stdout } = spawnSync(binary, ['-test.v', '-test.run', `TestReference/^${name}$`], {
    env: { ...env, ...Object.fromEntries(mcs.flatMap((part) => MCS[part]).map((variable) => [variable, 'true'])) },
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 2 ** 26, // it logs each collection that it watches
    cwd: work,
  });
  for (const [line] of stdout.matchAll(/skipped .*/g)) console.log(`${name}: the reference ${line}`);
  if (status !== 0) {
    console.log(`${name}: left out, the reference ended with ${/panic: .*|reference_test\.go:\d+: (?!skipped).*/.exec(stdout)?.[0] ?? status}`);
    rmSync(join(expected, name), { recursive: true, force: true });
    continue;
  }
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
    ...mcs.flatMap((part) => ['--mcs', part]),
    '--mesh-config',
    join(at, 'mesh.yaml'),
    '--proxies',
    join(at, 'proxies.yaml'),
    '--output',
    join(actual, name),
  ]);
  console.error = quiet;
}
for (const name of existsSync(expected) ? readdirSync(expected) : []) compareExtensions(join(expected, name), join(actual, name));
spawnSync('node', [join(conformance, 'compare.mjs'), expected, actual, '--diff', values.diff], { stdio: 'inherit' });
