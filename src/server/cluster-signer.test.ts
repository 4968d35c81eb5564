/** The signer in Secrets, against an API server of a few lines that keeps one. */
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CertificateAuthority } from '../ca/authority.js';
import { certificatePem } from '../ca/pem.js';
import { generateRoot } from '../ca/root.js';
import { FakeClock } from '../ca/testing/fake-clock.js';
import { FakeApiServer, json } from '../kubernetes/testing/fake-api-server.js';
import { loadClusterSigner, type SelfSignedSecret } from './cluster-signer.js';

const SECRET = '/api/v1/namespaces/istio-system/secrets/istio-ca-secret';
const day = 24 * 60 * 60 * 1000;

let server: FakeApiServer;
let data: Record<string, string>;
let version: number;
let patches: number;

beforeEach(async () => {
  server = new FakeApiServer();
  [version, patches] = [1, 0];
  server.intercept = (request, response, { pathname }) => {
    if (pathname !== SECRET) json(response, 404, { kind: 'Status', reason: 'NotFound', message: 'none' });
    else if (request.method === 'PATCH') void patch(request).then((status) => json(response, status, { kind: 'Status', message: 'conflict' }));
    else json(response, 200, { metadata: { resourceVersion: String(version) }, data });
    return true;
  };
  await server.start();
});
afterEach(() => server.stop());

async function patch(request: IncomingMessage): Promise<number> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = JSON.parse(Buffer.concat(parts).toString()) as { metadata: { resourceVersion: string }; data: Record<string, string> };
  if (body.metadata.resourceVersion !== String(version)) return 409;
  patches++;
  version++;
  data = { ...data, ...body.data };
  return 200;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const load = (clock: FakeClock, isKeeper = true) =>
  loadClusterSigner({ client: server.client(), namespace: 'istio-system', trustDomain: 'cluster.local', isKeeper, clock });

test('CA-009: a root in its last fifth is renewed with its own key, once by all who see it; what it signed stays good', async () => {
  const clock = new FakeClock();
  const { certificatePem, keyPem } = await generateRoot({ trustDomain: 'cluster.local', lifetimeMs: 100 * day, clock });
  data = { 'ca-cert.pem': base64(certificatePem), 'ca-key.pem': base64(keyPem) };
  const before = await load(clock);
  await clock.advance(79 * day);
  expect((await load(clock)).certificate.serialNumber).toBe(before.certificate.serialNumber);
  await clock.advance(2 * day);
  expect((await load(clock, false)).certificate.serialNumber).toBe(before.certificate.serialNumber);
  const both = await Promise.all([load(clock), load(clock)]);
  expect(patches).toBe(1);
  expect(new Set(both.map(({ certificate }) => certificate.serialNumber)).size).toBe(1);
  const renewed = both[0]!.certificate;
  expect(renewed.serialNumber).not.toBe(before.certificate.serialNumber);
  expect(renewed.subject).toBe(before.certificate.subject);
  expect(renewed.notAfter.getTime()).toBe(clock.now() + 100 * day + 60 * 60 * 1000);
  expect(await renewed.verify({ publicKey: before.certificate.publicKey, date: new Date(clock.now()) })).toBe(true);
  expect(new CertificateAuthority(both[0]!, { trustDomain: 'cluster.local', clock }).rootPem).not.toBe(certificatePem);
  expect((await load(clock)).certificate.serialNumber).toBe(renewed.serialNumber);
  expect(patches).toBe(1);
});

describe("CA-011: a root of our own in `cacerts`, as istiod's USE_CACERTS_FOR_SELF_SIGNED_CA", () => {
  const FOLDER = '/api/v1/namespaces/istio-system/secrets';
  let secrets: Map<string, { version: number; data: Record<string, string> }>;

  beforeEach(() => {
    secrets = new Map();
    server.intercept = (request, response, { pathname }) => {
      void answer(request, pathname.slice(FOLDER.length + 1)).then(([status, body]) => json(response, status, body));
      return true;
    };
  });

  async function answer(request: IncomingMessage, name: string): Promise<[number, object]> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString() || '{}') as {
      metadata: { name: string };
      stringData?: Record<string, string>;
      data?: Record<string, string>;
    };
    if (request.method === 'POST') {
      const data = Object.fromEntries(Object.entries(body.stringData ?? {}).map(([key, text]) => [key, base64(text)]));
      secrets.set(body.metadata.name, { version: 1, data });
      return [201, {}];
    }
    const known = secrets.get(name);
    if (known === undefined) return [404, { kind: 'Status', reason: 'NotFound', message: 'none' }];
    if (request.method === 'PATCH') secrets.set(name, { version: known.version + 1, data: { ...known.data, ...body.data } });
    return [200, { metadata: { resourceVersion: String(known.version) }, data: known.data }];
  }

  const ask = (selfSignedSecret: SelfSignedSecret, clock = new FakeClock()) =>
    loadClusterSigner({ client: server.client(), namespace: 'istio-system', trustDomain: 'cluster.local', isKeeper: true, clock, selfSignedSecret });
  const put = async (name: string, more: Record<string, string>, clock?: FakeClock): Promise<string> => {
    const { certificatePem, keyPem } = await generateRoot({ trustDomain: 'cluster.local', lifetimeMs: 100 * day, ...(clock && { clock }) });
    const texts = { 'ca-cert.pem': certificatePem, 'ca-key.pem': keyPem, 'root-cert.pem': certificatePem, ...more };
    secrets.set(name, { version: 1, data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)])) });
    return certificatePem;
  };
  const versions = () => [...secrets].map(([name, { version: at }]) => `${name} ${at}`);

  test('is made there with the mark, and anybody else takes it for plugged in', async () => {
    const made = await ask('cacerts');
    expect([...secrets.keys()]).toEqual(['cacerts']);
    expect(Object.keys(secrets.get('cacerts')?.data ?? {}).sort()).toEqual(['ca-cert.pem', 'ca-key.pem', 'istio-generated', 'root-cert.pem']);
    for (const other of [await ask('cacerts'), await ask('istio-ca-secret')]) expect(other.certificate.equal(made.certificate)).toBe(true);
    expect(versions()).toEqual(['cacerts 1']);
  });

  test('is renewed there when it is old; one without the mark, or that is looked at without the switch, is left alone', async () => {
    const clock = new FakeClock();
    await put('cacerts', { 'istio-generated': '' }, clock);
    await clock.advance(81 * day);
    await ask('istio-ca-secret', clock);
    expect(versions()).toEqual(['cacerts 1']);
    const renewed = await ask('cacerts', clock);
    expect(versions()).toEqual(['cacerts 2']);
    expect(renewed.certificate.notAfter.getTime()).toBeGreaterThan(clock.now() + 99 * day);
    await put('cacerts', {}, clock);
    await clock.advance(81 * day);
    await ask('cacerts', clock);
    expect(versions()).toEqual(['cacerts 1']);
  });

  test('istio-ca-secret counts first where it is: its certificates are in use', async () => {
    const pem = await put('istio-ca-secret', {});
    await put('cacerts', { 'istio-generated': '' });
    expect(certificatePem((await ask('cacerts')).certificate)).toBe(pem);
  });
});
