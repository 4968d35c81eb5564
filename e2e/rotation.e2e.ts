/**
 * Certificates, roots and whole CAs are replaced under traffic: two real Envoys with strict mutual TLS and certificates of ten seconds, requests on
 * kept connections and on a new one each, and a TCP connection that outlives it all. Nothing is retried, and nothing may fail. Needs no root.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CertificateAuthority } from '../src/ca/authority.js';
import { certificatePem } from '../src/ca/pem.js';
import { type SigningMaterial, signingMaterial } from '../src/ca/signing-material.js';
import { intermediateOf, rootMaterial } from '../src/ca/testing/material.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { checkout, node, run } from './harness/processes.js';
import { measured } from './harness/report.js';
import { bothHold, knock, nameOf, watch } from './harness/rotation-watch.js';
import { NAMES, SERVER, type Stream, startTlsPair, type TlsPair } from './harness/tls-pair.js';
import { sleep, until } from './harness/wait.js';

/** Seconds: the shortest that can be asked for, and one that outlives a restart of the control plane on a busy machine. */
const SHORT = 10;
const LONGER = 60;
const CALLER = `spiffe://cluster.local/ns/${SERVER.namespace}/sa/client`;
const argsFor = (ttlS: number): string[] => ['--workload-cert-ttl', `${ttlS}s`, '--ca-reload', '250ms'];

afterAll(cleanup, 60_000);

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-rotation-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs something under load; every request must be answered, to the caller that the certificate names. */
async function underLoad(pair: TlsPair, ttlS: number, stream: Stream, what: () => Promise<void>): Promise<void> {
  const loads = { kept: pair.load('kept', 100), fresh: pair.load('fresh', 40) };
  const watched = watch(pair);
  const before = stream.echoed();
  const handshakes = await counterOf(pair, 'fresh', 'ssl.handshake');
  const begun = Date.now();
  await sleep(300);
  const ended = await what().then(
    () => undefined,
    (error: unknown) => error,
  );
  await watched.stop();
  const results = { kept: await loads.kept.stop(), fresh: await loads.fresh.stop() };
  for (const [name, { sent, failed, failures, ms }] of Object.entries(results))
    measured(`${name}: ${failed} of ${sent} requests failed ${JSON.stringify(failures)}, p99 ${ms.p99} ms, max ${ms.max} ms`);
  for (const name of NAMES) {
    const { serials, steps, leastLeftMs } = watched.seen[name];
    measured(`${name}: ${serials.length} certificates, never less than ${leastLeftMs} ms of ${ttlS} s left; chain/roots ${steps.join(' → ')}`);
  }
  const made = (await counterOf(pair, 'fresh', 'ssl.handshake')) - handshakes;
  measured(`${made} handshakes in ${Math.round((Date.now() - begun) / 100) / 10} s, ${stream.echoed() - before} lines of a TCP connection echoed`);
  if (ended !== undefined) throw ended;
  for (const { sent, labels } of Object.values(results)) expect(labels).toEqual({ [`200 ${CALLER}`]: sent });
  expect(stream.echoed()).toBeGreaterThan(before);
  expect(await troubles(pair)).toEqual({});
  // Renewed before half of the life is over: what is left is more than the second half, less what a push and a look take. While the control plane
  // is away nobody renews.
  for (const name of NAMES) expect(watched.seen[name].leastLeftMs).toBeGreaterThan(ttlS === SHORT ? SHORT * 500 - 2500 : 0);
}

const counterOf = async (pair: TlsPair, service: string, name: string): Promise<number> =>
  (await sumOf(pair, 'client', `cluster\\.outbound\\|.*\\|${service}\\..*\\.${name.replaceAll('.', '\\.')}$`)).total;

/** Counters of both Envoys that must stay at nothing: retries, broken handshakes, connections lost with requests on them. */
async function troubles(pair: TlsPair): Promise<Record<string, number>> {
  const bad =
    '(upstream_rq_retry|connection_error|fail_verify_\\w+|no_certificate|upstream_cx_destroy_(local|remote)_with_active_rq|upstream_cx_connect_fail)$';
  const found: Record<string, number> = {};
  for (const name of NAMES) for (const [stat, value] of (await sumOf(pair, name, `(shop|listener).*${bad}`)).lines) found[`${name} ${stat}`] = value;
  return found;
}

async function sumOf(pair: TlsPair, name: (typeof NAMES)[number], filter: string): Promise<{ total: number; lines: [string, number][] }> {
  const text = await pair.envoys[name].admin(`stats?filter=${encodeURIComponent(filter)}`);
  const lines = [...text.matchAll(/^(\S+): (\d+)$/gm)].map(([, stat = '', value]): [string, number] => [stat, Number(value)]);
  return { total: lines.reduce((sum, [, value]) => sum + value, 0), lines: lines.filter(([, value]) => value > 0) };
}

const commonName = ({ certificate }: SigningMaterial): string => nameOf(certificate.subject);

async function selfSigned(data: string, folder = 'ca'): Promise<SigningMaterial> {
  const text = (file: string) => ({ name: file, text: readFileSync(join(data, folder, file), 'utf8') });
  return signingMaterial({ certificate: text('ca-cert.pem'), key: text('ca-key.pem'), roots: text('ca-cert.pem') });
}

/** A fresh certificate for the client that this CA signs. */
async function clientOf(signer: SigningMaterial): Promise<{ key: string; chain: string }> {
  const authority = new CertificateAuthority(signer, { trustDomain: 'cluster.local' });
  const issued = await authority.issueWorkload({ identity: { trustDomain: 'cluster.local', namespace: SERVER.namespace, serviceAccount: 'client' } });
  return { key: issued.privateKeyPem, chain: issued.certChainPem };
}

describe('a mesh with its own root', () => {
  let folder: string;
  let pair: TlsPair;
  let stream: Stream;

  beforeAll(async () => {
    folder = newFolder();
    pair = await startTlsPair(folder, 71, argsFor(SHORT));
    stream = await pair.stream();
  }, 60_000);

  test('CA-019: certificates of ten seconds are renewed several times, and no request and no connection is lost', async () => {
    const connections = await counterOf(pair, 'stream', 'upstream_cx_total');
    await underLoad(pair, SHORT, stream, async () => {
      const seen = watch(pair);
      await until('four renewals', () => NAMES.every((name) => seen.seen[name].serials.length > 4), { timeoutMs: 40_000 });
      await seen.stop();
    });
    expect(await counterOf(pair, 'stream', 'upstream_cx_total')).toBe(connections);
  }, 60_000);

  test('CA-009: the root is rotated: both are trusted until all certificates have turned over, then the old one is not', async () => {
    const data = join(folder, 'data');
    const old = await selfSigned(data);
    const [oldName, ofOld] = [commonName(old), await clientOf(old)];
    expect(await knock(pair, ofOld)).toBe(CALLER);
    await underLoad(pair, SHORT, stream, async () => {
      const times = ['--distribute-for', '4s', '--keep-old-for', `${SHORT + 2}s`];
      await run(node, [join(checkout, 'bin/mizzen.js'), 'ca', 'rotate', ...times, '--data-dir', data]);
      const next = await selfSigned(data, 'ca-next');
      const [newName, ofNew] = [commonName(next), await clientOf(next)];
      await bothHold(pair, oldName, [oldName, newName]);
      expect(await knock(pair, ofNew)).toBe(CALLER);
      await bothHold(pair, newName, [oldName, newName]);
      // Who still has a certificate of the old root is served until it is dropped.
      expect(await knock(pair, ofOld)).toBe(CALLER);
      await bothHold(pair, newName, [newName]);
      expect(await knock(pair, ofNew)).toBe(CALLER);
    });
    expect(await knock(pair, ofOld)).toMatch(/UNKNOWN_CA|ECONNRESET|UNKNOWN/);
  }, 60_000);
});

describe('a mesh with a CA of its own', () => {
  let folder: string;
  let pair: TlsPair;
  let stream: Stream;

  beforeAll(async () => {
    folder = newFolder();
    pair = await startTlsPair(folder, 72, argsFor(LONGER));
    stream = await pair.stream();
  }, 60_000);

  /** Writes a `cacerts` folder, key last: what is half written is not taken. */
  function cacerts(files: { certificate: string; key: string; roots: readonly SigningMaterial[]; chain?: string }): string {
    const at = join(folder, 'cacerts');
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'cert-chain.pem'), files.chain ?? '');
    writeFileSync(join(at, 'root-cert.pem'), files.roots.map(({ certificate }) => certificatePem(certificate)).join(''));
    writeFileSync(join(at, 'ca-cert.pem'), files.certificate);
    writeFileSync(join(at, 'ca-key.pem'), files.key, { mode: 0o600 });
    return at;
  }

  test('CA-010, CA-021: a CA is plugged in over the self-signed root, and replaced, while all runs', async () => {
    const data = join(folder, 'data');
    const own = await selfSigned(data);
    const company = await rootMaterial();
    const [ofOwn, ownName, companyName] = [await clientOf(own), commonName(own), commonName(company)];
    const first = await intermediateOf(company, { name: 'mesh CA 1' });
    const second = await intermediateOf(company, { name: 'mesh CA 2', algorithm: 'rsa' });
    const read = (file: string): string => readFileSync(join(data, 'ca', file), 'utf8');
    await underLoad(pair, LONGER, stream, async () => {
      // 1. The mesh's own root signs on as a plugged-in CA, and the company's root is trusted beside it.
      const at = cacerts({ certificate: read('ca-cert.pem'), key: read('ca-key.pem'), roots: [own, company] });
      await pair.restart([...argsFor(LONGER), '--cacerts', at, '--workload-key-type', 'rsa']);
      await bothHold(pair, ownName, [ownName, companyName]);
      // 2. The company's intermediate signs.
      cacerts({ ...first, roots: [own, company], chain: first.certificate });
      await bothHold(pair, 'mesh CA 1', [ownName, companyName]);
      expect(await knock(pair, ofOwn)).toBe(CALLER);
      // 3. The mesh's own root is no longer trusted.
      cacerts({ ...first, roots: [company], chain: first.certificate });
      await bothHold(pair, 'mesh CA 1', [companyName]);
      // 4. Files that do not belong together change nothing.
      writeFileSync(join(at, 'ca-key.pem'), second.key, { mode: 0o600 });
      await until('the log to tell', () => pair.mizzen().process.output().includes('is not the key of'));
      await bothHold(pair, 'mesh CA 1', [companyName]);
      // 5. Another intermediate, with an RSA key, of the same root.
      cacerts({ ...second, roots: [company], chain: second.certificate });
      await bothHold(pair, 'mesh CA 2', [companyName]);
      await sleep(1000);
    });
    expect(await knock(pair, ofOwn)).toMatch(/UNKNOWN_CA|ECONNRESET|UNKNOWN/);
    for (const name of NAMES) {
      const { chain } = await pair.held(name);
      expect(chain.map(({ issuer }) => nameOf(issuer))).toEqual(['mesh CA 2', companyName]);
      expect(chain[0]?.publicKey.asymmetricKeyType).toBe('rsa');
    }
  }, 60_000);
});
