/**
 * What certificates cost: 500 simulated agentless proxies join and get key and certificate by SDS, are renewed in time, and all at once when the root
 * changes; then their CSRs are signed. Once with P-256 and once with RSA. Writes its section into RESULTS.md. `npm run bench -- --issuance`.
 */
import { webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { makeFleet, NAMESPACE, requireWhole } from './issuance-fleet.mjs';
import { startServer } from './server.mjs';

const SIZE = Number(process.env.MIZZEN_BENCH_PROXIES ?? 500);
const CSRS_EACH = 4;
const AT_ONCE = 16;
const SERVICE = `apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: ${NAMESPACE} }\nspec: { clusterIP: 10.96.0.10, ports: [{ name: http, port: 80 }] }\n`;
const KINDS = [
  { name: 'P-256', type: 'ecdsa', ttlS: 40, watchS: 45, key: { name: 'ECDSA', namedCurve: 'P-256' } },
  {
    name: 'RSA: keys of 2048 bits, root of 3072',
    type: 'rsa',
    // Making so many such keys in 16 s is more than two cores can do.
    ttlS: 240,
    watchS: 125,
    key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  },
];

/** Measures; resolves to the lines of a section of RESULTS.md. */
export async function measureIssuance(top, say = console.error) {
  const load = (path) => import(pathToFileURL(join(top, 'dist', path)).href);
  const [{ issueJoinToken }, { startRotation }] = [await load('ca/issued-tokens.js'), await load('ca/rotation.js')];
  const rows = [];
  for (const kind of KINDS) rows.push(...(await measureKind(top, kind, { issueJoinToken, startRotation }, say)));
  const head = ['keys', 'phase', 'certificates', 's', 'a second', 'CPU ms each', 'at the latest'];
  return [
    `${SIZE} proxies, each with an identity of its own; certificates of ${KINDS.map(({ ttlS }) => ttlS).join(' and ')} s.`,
    '',
    ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`),
  ];
}

async function measureKind(top, kind, ca, say) {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-bench-'));
  const [config, data] = [join(folder, 'config'), join(folder, 'data')];
  mkdirSync(config);
  writeFileSync(join(config, 'web.yaml'), SERVICE);
  const more = ['--workload-cert-ttl', `${kind.ttlS}s`, '--ca-reload', '250ms', '--ca-key-type', kind.type, '--workload-key-type', kind.type];
  const server = await startServer({ program: join(top, 'bin', 'mizzen.js'), config, folder, more });
  let fleet = [];
  try {
    const { rootPem } = JSON.parse(readFileSync(join(data, 'trust.json'), 'utf8'));
    const token = async (serviceAccount) =>
      (await ca.issueJoinToken(data, { trustDomain: 'cluster.local', namespace: NAMESPACE, serviceAccount })).token;
    fleet = await makeFleet({ size: SIZE, address: server.listening.xdsTls, rootPem, token });
    const rows = [];
    const measure = async (phase, what) => {
      const [cpu, begun] = [cpuSeconds(server.pid), performance.now()];
      const { count, seconds = (performance.now() - begun) / 1000, note = '', isPaced = false } = await what();
      const used = cpuSeconds(server.pid) - cpu;
      say(`${kind.name}, ${phase}: ${count} in ${seconds.toFixed(1)} s, ${used.toFixed(2)} s of CPU`);
      requireWhole(fleet);
      rows.push([
        kind.name,
        phase,
        count,
        seconds.toFixed(1),
        isPaced ? '' : `**${(count / seconds).toFixed(0)}**`,
        `**${((used * 1000) / count).toFixed(1)}**`,
        note,
      ]);
    };
    await measure('all join', async () => {
      await atOnce(SIZE, (n) => fleet[n].join());
      return { count: SIZE, note: `${AT_ONCE} at a time` };
    });
    await measure('renewed in time', () => renewals(fleet, kind));
    await measure('all at once: a new root', () =>
      rotation(fleet, () => ca.startRotation(data, { trustDomain: 'cluster.local', keyType: kind.type, distributeForMs: 0, keepOldForMs: 600_000 })),
    );
    const csrs = await requests(kind);
    await measure('by CSR', () => signings(fleet, csrs));
    return rows;
  } finally {
    for (const one of fleet) one.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Watches a while: every certificate that came, and the least life that one had left when its successor came. */
async function renewals(fleet, { ttlS, watchS }) {
  const before = fleet.map(({ seen }) => seen.length);
  await sleep(watchS * 1000);
  const fresh = fleet.flatMap(({ seen }, n) => seen.slice(before[n]));
  const least = Math.min(...fresh.map(({ leftMs }) => leftMs));
  const never = fleet.filter(({ seen }, n) => seen.length === before[n]).length;
  if (never > 0 || least <= 0) throw new Error(`${never} proxies were not renewed, and ${least} ms is the least that was left`);
  return { count: fresh.length, isPaced: true, note: `with ${(least / 1000).toFixed(1)} s of ${ttlS} s left` };
}

/** From when the new root is there until the last proxy has a certificate of it; up to 250 ms of that pass before the server looks. */
async function rotation(fleet, start) {
  const old = fleet[0].seen.at(-1).issuer;
  await start();
  const begun = Date.now();
  const isNew = ({ issuer }) => issuer !== old;
  while (!fleet.every(({ seen }) => seen.some(isNew))) await sleep(20);
  const times = fleet.map(({ seen }) => seen.find(isNew).at);
  const seconds = (Math.max(...times) - begun) / 1000;
  const left = Math.min(...fleet.map(({ seen }) => seen.find(isNew).leftMs));
  if (left <= 0) throw new Error('a certificate had expired before its successor came');
  return { count: fleet.length, seconds, note: `with ${(left / 1000).toFixed(1)} s left` };
}

/** A few requests, used again and again: making keys is the agents' work. */
async function requests(kind) {
  const made = [];
  for (let n = 0; n < 20; n++) {
    const keys = await webcrypto.subtle.generateKey(kind.key, true, ['sign', 'verify']);
    const signingAlgorithm = { name: kind.key.name, hash: 'SHA-256' };
    made.push((await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm })).toString('pem'));
  }
  return made;
}

async function signings(fleet, csrs) {
  const count = fleet.length * CSRS_EACH;
  const times = [];
  await atOnce(count, async (n) => {
    const begun = performance.now();
    await fleet[n % fleet.length].sign(csrs[n % csrs.length]);
    times.push(performance.now() - begun);
  });
  times.sort((a, b) => a - b);
  return { count, note: `median ${times[count >> 1].toFixed(0)} ms, ${AT_ONCE} at a time` };
}

/** Does `what` for 0, 1, … below `count`, so many at a time that the driver is not what is measured. */
async function atOnce(count, what) {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) await what(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** User and system time of a process with all its threads: ticks of 10 ms. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
