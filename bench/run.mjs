/**
 * The bench: a mesh of S services as files, `mizzen serve` on them, N simulated sidecars on loopback, and four phases: everybody connects
 * (cold), one route of the VirtualService changes (vs), one endpoint comes (ep), one service without endpoints comes (svc).
 * Prints the table and writes it into RESULTS.md. Options: --help.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildDriver, runDriver } from './load.mjs';
import { edits, writeMesh } from './mesh.mjs';
import { load, machine, missedBars, rowOf, table } from './results.mjs';
import { startServer } from './server.mjs';

const HELP = `npm run bench -- [options]
  --cases LIST   cases as SERVICES:CLIENTS:VARIANT, comma-separated (default: 1000 services, 100 and 500 clients, sotw and delta)
  --quick        one small case of each variant (100 services, 20 clients); RESULTS.md is left alone
  --no-write     leave RESULTS.md alone
  --strict       exit 1 when a bar is missed
  --cpu-prof DIR write a CPU profile of each server there
The load driver's source folder is taken from MIZZEN_XDSLOAD (default ../shared/tools/xdsload); building it needs Go.`;

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    'cpu-prof': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const here = dirname(fileURLToPath(import.meta.url));
const top = dirname(here);
const DEFAULT_CASES = '1000:100:sotw,1000:100:delta,1000:500:sotw,1000:500:delta';
const isWhole = values.cases === undefined && !values.quick;

const cases = (values.cases ?? (values.quick ? '100:20:sotw,100:20:delta' : DEFAULT_CASES)).split(',').map((text) => {
  const [, services, clients, variant] = /^(\d+):(\d+):(sotw|delta)$/.exec(text) ?? [];
  if (variant === undefined) throw new Error(`case ${JSON.stringify(text)} is not SERVICES:CLIENTS:VARIANT`);
  return { services: Number(services), clients: Number(clients), variant };
});

/** One case from an empty folder to its rows. */
async function runCase(one, driver, folder) {
  const config = join(folder, 'config');
  writeMesh(config, one.services);
  const prepared = edits().map((edit) => {
    const edited = join(folder, edit.file);
    writeFileSync(edited, edit.text);
    return { ...edit, edited, target: join(config, edit.file) };
  });
  const profile = values['cpu-prof'];
  const nodeOptions = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${resolve(profile)}`];
  const server = await startServer({ program: process.env.MIZZEN_BENCH_PROGRAM ?? join(top, 'bin', 'mizzen.js'), config, folder, nodeOptions });
  try {
    return await runDriver({ program: driver, server, ...one, edits: prepared, timeoutMs: 300_000 });
  } catch (error) {
    console.error(server.tail.join('\n'));
    throw error;
  } finally {
    await server.stop();
  }
}

const state = join(top, '.state', 'bench');
mkdirSync(state, { recursive: true });
const driver = buildDriver(resolve(top, process.env.MIZZEN_XDSLOAD ?? '../shared/tools/xdsload'), state);
const loadBefore = load();
const rows = [];
for (const one of cases) {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-bench-'));
  try {
    const lines = await runCase(one, driver, folder);
    for (const line of lines) if (line.nacks > 0 || line.reconnects > 0) console.error(`unexpected: ${JSON.stringify(line)}`);
    if (process.env.MIZZEN_BENCH_RAW !== undefined) for (const line of lines) console.log(JSON.stringify(line));
    rows.push(...lines.map((line) => rowOf(one, line)));
    console.error(`${one.variant}, ${one.services} services, ${one.clients} clients: done`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const missed = missedBars(rows);
console.log(table(rows));
console.log(missed.length === 0 ? 'All bars are met.' : `Missed bars:\n${missed.map((text) => `- ${text}`).join('\n')}`);
if (isWhole && !values['no-write']) writeResults(rows, missed);
process.exitCode = values.strict && missed.length > 0 ? 1 : 0;

/** Replaces the generated part of RESULTS.md; the rest is written by people. */
function writeResults(all, misses) {
  const file = join(here, 'RESULTS.md');
  const begin = '<!-- table: written by npm run bench -->';
  const end = '<!-- end of table -->';
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < 0) throw new Error('RESULTS.md lacks the marks around its table');
  const date = new Date().toISOString().slice(0, 10);
  const bars = misses.length === 0 ? 'All bars are met.' : `Missed bars:\n\n${misses.map((one) => `- ${one}`).join('\n')}`;
  writeFileSync(
    file,
    `${text.slice(0, from)}${begin}\n\nMeasured on ${date}: ${machine()}; load average when it began: ${loadBefore}.\n\n${table(all)}\n\n${bars}\n\n${text.slice(to)}`,
  );
}
