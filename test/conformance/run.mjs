// npm run conformance [-- --only TEXT] [--diff N] [--check]
// Runs every case of ../shared/conformance through `mizzen translate` and compares with what the reference generated.
// --envoy also holds the resources against a real Envoy; --check holds the result against ratchet.json, which may only go up; --update writes the figures reached.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const shared = process.env.MIZZEN_CONFORMANCE ?? join(root, '..', 'shared', 'conformance');
const cases = join(shared, 'cases');
const ratchetFile = join(here, 'ratchet.json');
const flag = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : (process.argv[at + 1] ?? '');
};

if (!existsSync(cases)) {
  console.log(`conformance: no cases at ${cases}; set MIZZEN_CONFORMANCE`);
  process.exit(process.argv.includes('--check') ? 1 : 0);
}
const { run } = await import(join(root, 'dist', 'cli', 'program.js'));
const output = mkdtempSync(join(tmpdir(), 'mizzen-conformance-'));
const crashed = [];
const names = readdirSync(cases)
  .filter((name) => name.includes(flag('only') ?? ''))
  .sort();
const progress = process.stderr.isTTY;
const warnings = [];
console.error = (line) => warnings.push(line);
for (const [i, name] of names.entries()) {
  const at = join(cases, name);
  if (progress) process.stderr.write(`\r\x1b[K${i + 1}/${names.length} ${name}`);
  const argv = [
    'node',
    'mizzen',
    'translate',
    '--config',
    join(at, 'input.yaml'),
    '--proxies',
    join(at, 'proxies.yaml'),
    '--output',
    join(output, name),
  ];
  if (existsSync(join(at, 'mesh.yaml'))) argv.push('--mesh-config', join(at, 'mesh.yaml'));
  try {
    if ((await run(argv)) !== 0) crashed.push(`${name}: ${warnings.at(-1)}`);
  } catch (error) {
    crashed.push(`${name}: ${error.stack}`);
  }
}
if (progress) process.stderr.write('\r\x1b[K');

const families = [...new Set(names.map((name) => name.split('-')[0]))];
const figures = {};
for (const family of families) {
  const json = join(output, `${family}.json`);
  const only = flag('only') ?? `${family}-`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(shared, 'compare.mjs'), cases, output, '--only', only, '--diff', flag('diff') ?? '0', '--json', json],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  console.log(`== ${family}\n${stdout}${stderr}`);
  const { total } = JSON.parse(readFileSync(json, 'utf8'));
  figures[family] = { cases: total.cases, exactCases: total.exactCases, resources: total.resources, exact: total.exact };
}
console.table(
  Object.fromEntries(
    Object.entries(figures).map(([family, f]) => [
      family,
      { ...f, '% of resources': Number(((100 * f.exact) / Math.max(1, f.resources)).toFixed(1)) },
    ]),
  ),
);
for (const line of crashed) console.log(`CRASHED ${line}`);
const validated = process.argv.includes('--envoy')
  ? await (await import('./envoy-accepts.mjs')).envoyAccepts(output, names, (done) => progress && process.stderr.write(`\r\x1b[Kenvoy ${done}`))
  : undefined;
if (validated !== undefined) {
  for (const line of validated.refused) console.log(`REFUSED by Envoy: ${line}`);
  for (const line of validated.skipped) console.log(`not judged by Envoy: ${line}`);
  console.log(
    `${validated.accepted} proxies' resources accepted by Envoy, ${validated.refused.length} refused, ${validated.skipped.length} not judged`,
  );
}
let failed = crashed.length + (validated?.refused.length ?? 0);
let passed = names.length - crashed.length + (validated?.accepted ?? 0);
if (process.argv.includes('--keep')) console.log(`output kept in ${output}`);
else rmSync(output, { recursive: true, force: true });
if (process.argv.includes('--update')) writeFileSync(ratchetFile, `${JSON.stringify(figures, undefined, 2)}\n`);
if (process.argv.includes('--check')) {
  const ratchet = JSON.parse(readFileSync(ratchetFile, 'utf8'));
  for (const [family, want] of Object.entries(ratchet)) {
    const got = figures[family];
    if (got === undefined || got.exact < want.exact || got.exactCases < want.exactCases) {
      failed++;
      console.log(`RATCHET ${family}: ${want.exact} resources in ${want.exactCases} whole cases were exact, now ${got?.exact} in ${got?.exactCases}`);
    } else passed++;
  }
}
const skipped = validated?.skipped.length ?? 0;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
