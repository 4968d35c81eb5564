/**
 * What Istio's metrics cost a stock Envoy: the same requests through two real sidecars with mutual TLS, without metrics, with counters alone, and
 * with everything; then a label with more values than a proxy counts. Called by `npm run bench -- --metrics`; needs an Envoy (scripts/envoy.mjs).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyVersion, findEnvoy } from '../scripts/envoy.mjs';
import { loop } from './http-load.mjs';
import { answering, entry, startEnvoys, writeBase, writeTelemetry } from './metrics-mesh.mjs';
import { startServer } from './server.mjs';

const prometheus = (...overrides) => ({ metrics: [{ providers: [{ name: 'prometheus' }], ...(overrides.length > 0 && { overrides }) }] });
const without = (metric) => ({ match: { metric }, disabled: true });
const CASES = [
  ['no metrics', undefined],
  ['`istio_requests_total` alone', prometheus(...['REQUEST_DURATION', 'REQUEST_SIZE', 'RESPONSE_SIZE'].map(without))],
  ['all of HTTP: a counter, three histograms', prometheus()],
];
const ROUNDS = 5;
const SECONDS = 5;
const CONNECTIONS = 16;
const CALLERS = 30_000;
/** Envoys take a change over, old listeners end, histograms are flushed. */
const SETTLE_MS = 6000;

/** Measures; resolves to the lines of a section of RESULTS.md. */
export async function measureMetrics(top, say = console.error) {
  const envoy = await findEnvoy();
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-bench-'));
  const config = join(folder, 'config');
  mkdirSync(config);
  writeBase(config);
  const program = join(top, 'bin', 'mizzen.js');
  const node = join(createRequire(import.meta.url).resolve('node/package.json'), '..', 'bin', 'node');
  const control = await startServer({ program, config, folder });
  try {
    const mesh = await startEnvoys({ folder, envoy, program, node, control });
    try {
      const rows = await cost(mesh, folder, say);
      return [`Envoy ${await envoyVersion(envoy)}.`, '', ...table(rows), '', ...(await bound(mesh, folder, say))];
    } finally {
      await mesh.stop();
    }
  } finally {
    await control.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every case once in each round, so that what else the machine does meets all of them. */
async function cost(mesh, folder, say) {
  const runs = CASES.map(([name]) => ({ name, all: [] }));
  for (let round = 0; round < ROUNDS; round++)
    for (const [n, [name, spec]] of CASES.entries()) {
      writeTelemetry(folder, spec);
      await sleep(SETTLE_MS);
      await answering();
      await loop({ ...entry, connections: CONNECTIONS, seconds: 1 });
      const before = [mesh.client.cpuSeconds(), mesh.server.cpuSeconds()];
      const seen = await loop({ ...entry, connections: CONNECTIONS, seconds: SECONDS });
      if (seen.failed > 0) throw new Error(`${seen.failed} of ${seen.requests} requests failed (${name})`);
      const micros = [mesh.client, mesh.server].map((one, i) => ((one.cpuSeconds() - before[i]) * 1e6) / seen.requests);
      const counted = await requestsCounted(mesh.client);
      if (counted > 0 !== (spec !== undefined) && round === 0) throw new Error(`${name}: ${counted} requests counted`);
      runs[n].all.push({ ...seen, client: micros[0], server: micros[1] });
      say(`round ${round + 1}, ${name}: ${seen.perSecond.toFixed(0)}/s, ${micros.map((value) => value.toFixed(0)).join(' and ')} µs`);
    }
  return runs;
}

async function requestsCounted({ admin }) {
  const text = await admin('stats/prometheus?filter=istio_requests_total');
  return [...text.matchAll(/^istio_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
}

function table(runs) {
  const best = (all, key, pick = Math.min) => pick(...all.map((one) => one[key]));
  const columns = [
    ['requests/s', (all) => best(all, 'perSecond', Math.max).toFixed(0)],
    ['p50 ms', (all) => best(all, 'p50').toFixed(2)],
    ['p99 ms', (all) => best(all, 'p99').toFixed(2)],
    ['CPU of the client’s Envoy, µs a request', (all) => best(all, 'client').toFixed(0)],
    ['CPU of the server’s Envoy, µs a request', (all) => best(all, 'server').toFixed(0)],
  ];
  const head = ['', ...columns.map(([name]) => name)];
  return [head, head.map(() => '---'), ...runs.map(({ name, all }) => [name, ...columns.map(([, of]) => of(all))])].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
}

/** A label that every caller fills differently. */
async function bound(mesh, folder, say) {
  const user = { tagOverrides: { user: { value: "request.headers['x-user']" } } };
  writeTelemetry(folder, prometheus(user));
  await sleep(SETTLE_MS);
  await answering();
  const before = mesh.client.residentMb();
  await loop({ ...entry, connections: CONNECTIONS, total: CALLERS, headers: (n) => `x-user: user-${n}\r\n` });
  await sleep(SETTLE_MS);
  const after = mesh.client.residentMb();
  const begun = performance.now();
  const page = await mesh.client.admin('stats/prometheus?filter=istio_');
  const ms = performance.now() - begun;
  const count = (pattern) => [...page.matchAll(pattern)].length;
  const counters = count(/^istio_requests_total\{/gm);
  const histograms = count(/^istio_\w+_count\{/gm);
  say(`${CALLERS} callers: ${counters} counters, ${histograms} histograms`);
  const status = await loop({ ...entry, connections: CONNECTIONS, seconds: 1 });
  return [
    `${CALLERS.toLocaleString('en')} callers, each with its own value of a label: the client's Envoy holds ${counters.toLocaleString('en')} counters and ` +
      `${histograms.toLocaleString('en')} histograms of them and grew by ${(after - before).toFixed(0)} MB (from ${before.toFixed(0)} MB); ` +
      `Prometheus' page takes ${(page.length / 1e6).toFixed(1)} MB and ${ms.toFixed(0)} ms. ` +
      `Requests go on: ${status.failed} of ${status.requests} failed.`,
  ];
}
