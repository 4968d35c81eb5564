/**
 * The bench: a mesh of S services as files, `mizzen serve` on them, N simulated sidecars on loopback, and four phases: everybody connects
 * (cold), one route of the VirtualService changes (vs), one endpoint comes (ep), one service without endpoints comes (svc).
 * Prints the table and writes it into RESULTS.md. Options: --help.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureIssuance } from './issuance.mjs';
import { buildDriver, runDriver } from './load.mjs';
import { edits, writeMesh } from './mesh.mjs';
import { measureMetrics } from './metrics.mjs';
import { load, machine, missedBars, rowOf, table } from './results.mjs';
import { NODE, startServer } from './server.mjs';
import { runWebhookBench } from './webhook.mjs';

const HELP = `npm run bench -- [options]
  --cases LIST   cases as SERVICES:CLIENTS:VARIANT, comma-separated (default: 1000 services, 100 and 500 clients, sotw and delta)
  --quick        one small case of each variant (100 services, 20 clients); RESULTS.md is left alone
  --no-write     leave RESULTS.md alone
  --webhook      the injection webhook alone: pods per second on one core
  --kubernetes   reading 1000 services and 3000 pods from a real API server alone
  --metrics      what Istio's metrics cost alone, through two real Envoys
  --issuance     what certificates cost alone: by SDS and by CSR, P-256 and RSA
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
    webhook: { type: 'boolean', default: false },
    kubernetes: { type: 'boolean', default: false },
    metrics: { type: 'boolean', default: false },
    issuance: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

if (values.webhook) {
  const isGood = await runWebhookBench({ isWritten: !values['no-write'] });
  process.exit(values.strict && !isGood ? 1 : 0);
}

const here = dirname(fileURLToPath(import.meta.url));
const top = dirname(here);
const loadBefore = load();
const sections = { metrics: measureMetrics, issuance: measureIssuance };
for (const [name, measure] of Object.entries(sections)) {
  if (!values[name]) continue;
  const text = (await measure(top)).join('\n');
  console.log(text);
  if (!values['no-write']) writeSection(name, text);
  process.exit(0);
}
if (values.kubernetes) {
  const flags = ['--no-warnings', '--experimental-transform-types', '--import', join(top, 'e2e/harness/ts-imports.mjs')];
  const text = execFileSync(NODE, [...flags, join(here, 'kubernetes.mjs')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  console.log(text);
  if (!values['no-write']) writeSection('kubernetes', text);
  process.exit(0);
}
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

function writeResults(all, misses) {
  const bars = misses.length === 0 ? 'All bars are met.' : `Missed bars:\n\n${misses.map((one) => `- ${one}`).join('\n')}`;
  writeSection('table', `${table(all)}\n\n${bars}`);
}

/** Replaces a generated part of RESULTS.md; the rest is written by people. */
function writeSection(name, content) {
  const file = join(here, 'RESULTS.md');
  const begin = `<!-- ${name}: written by npm run bench -->`;
  const end = `<!-- end of ${name} -->`;
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < 0) throw new Error(`RESULTS.md lacks the marks around its ${name}`);
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    file,
    `${text.slice(0, from)}${begin}\n\nMeasured on ${date}: ${machine()}; load average when it began: ${loadBefore}.\n\n${content}\n\n${text.slice(to)}`,
  );
}
