import { IstioCertificateRequest, IstioCertificateResponse } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import { CertificateAuthority } from '../ca/authority.js';
import { AuthenticationError } from '../ca/errors.js';
import { certificatePem } from '../ca/pem.js';
import type { WorkloadIdentity } from '../ca/spiffe.js';
import { FakeClock } from '../ca/testing/fake-clock.js';
import { intermediateOf, keyPair, materialOf, reviews, rootMaterial } from '../ca/testing/material.js';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, X509Certificate } from '../ca/x509.js';
import { GrpcStatus, type PeerInfo } from '../xds/provider.js';
import { CertificateService } from './certificate-service.js';
import { csrRefusals } from './csr-refusals.js';

const hour = 3600;
const peer: PeerInfo = { address: '10.0.0.1:1', plaintext: false, tls: { authorized: false, chain: [], uriSans: [] }, metadata: {} };
const clock = new FakeClock();
let authority: CertificateAuthority;
let csr: string;

beforeAll(async () => {
  const root = await rootMaterial({ clock });
  const signer = await materialOf(await intermediateOf(root), certificatePem(root.certificate));
  authority = new CertificateAuthority(signer, { trustDomain: 'cluster.local', clock });
  csr = await csrOf('ec');
});

/** A request that claims to be somebody else. */
async function csrOf(algorithm: 'ec' | 'rsa'): Promise<string> {
  const keys = await keyPair(algorithm);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=root',
    keys,
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash: 'SHA-256' },
    extensions: [new SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://cluster.local/ns/kube-system/sa/admin' }])],
  });
  return request.toString('pem');
}

/** A service for one caller, with what it counts. */
function serviceFor(identity: WorkloadIdentity | 'nobody' | Error = reviews) {
  const counts: Record<string, number> = {};
  const logged: object[] = [];
  const counter = (name: string) => ({ inc: () => void (counts[name] = (counts[name] ?? 0) + 1) });
  const authenticate: Authenticator['authenticate'] = async () => {
    if (identity instanceof Error) throw identity;
    return identity === 'nobody' ? undefined : identity;
  };
  const service = new CertificateService({
    authority,
    authenticators: [{ authenticate }],
    metrics: {
      csrs: counter('csrs'),
      certificates: counter('certificates'),
      authenticationFailures: counter('authenticationFailures'),
      csrParsingErrors: counter('csrParsingErrors'),
      csrSignErrors: counter('csrSignErrors'),
      idExtractionErrors: counter('idExtractionErrors'),
    },
    onRefused: csrRefusals({ warn: (fields: object) => void logged.push(fields) }),
    now: () => clock.now(),
  });
  const create = async (request: Partial<IstioCertificateRequest> = {}, from = peer): Promise<readonly string[]> => {
    const bytes = IstioCertificateRequest.encode(IstioCertificateRequest.fromPartial({ csr, ...request })).finish();
    return IstioCertificateResponse.decode(await service.create(bytes, from)).certChain;
  };
  return { service, create, counts, logged };
}

describe('CA-001 CreateCertificate', () => {
  test.each(['ec', 'rsa'] as const)('CA-021 answers leaf, intermediate and root for a key of kind %s', async (kind) => {
    const { create, counts } = serviceFor();
    const chain = await create({ csr: await csrOf(kind) });
    expect(chain).toHaveLength(3);
    const [leaf, intermediate, root] = chain.map((pem) => new X509Certificate(pem));
    expect(leaf?.issuer).toBe(intermediate?.subject);
    expect(intermediate?.issuer).toBe(root?.subject);
    expect(chain[2]).toBe(authority.rootPem);
    expect(counts).toEqual({ csrs: 1, certificates: 1 });
  });

  test('CA-001 the log says who was refused a certificate and why, and does not drown in it', async () => {
    const { create, logged } = serviceFor(new AuthenticationError('join token: was revoked'));
    for (let n = 0; n < 30; n++) await expect(create()).rejects.toThrow('was revoked');
    expect(logged[0]).toEqual({ peer: peer.address, status: GrpcStatus.UNAUTHENTICATED, reason: 'join token: was revoked' });
    expect(logged).toHaveLength(20);
  });

  test('CA-006 the certificate names the caller, whatever CSR and subject_id say', async () => {
    const [leaf = ''] = await serviceFor().create({ subjectId: 'spiffe://cluster.local/ns/kube-system/sa/admin' });
    const names = new X509Certificate(leaf).getExtension(SubjectAlternativeNameExtension)?.names.toJSON();
    expect(names).toEqual([{ type: 'url', value: 'spiffe://cluster.local/ns/default/sa/reviews' }]);
  });

  test('CA-007 the lifetime is the one asked for, 24 h by default, and never more than 90 days', async () => {
    const { create, counts } = serviceFor();
    const life = async (seconds: number) => {
      const [leaf = ''] = await create({ validityDuration: BigInt(seconds) });
      return (new X509Certificate(leaf).notAfter.getTime() - clock.now()) / 1000;
    };
    expect(await life(2 * hour)).toBe(2 * hour);
    expect(await life(0)).toBe(24 * hour);
    await expect(life(91 * 24 * hour)).rejects.toMatchObject({ status: 3, message: expect.stringContaining('longest is 2160 h') });
    await expect(life(-1)).rejects.toMatchObject({ status: 3 });
    expect(counts).toMatchObject({ csrSignErrors: 2 });
  });

  test("a CSR that is none is the asker's fault and is counted", async () => {
    const { create, service, counts } = serviceFor();
    await expect(create({ csr: 'nonsense' })).rejects.toMatchObject({ status: 3 });
    await expect(service.create(Buffer.from([0xff, 0xff]), peer)).rejects.toMatchObject({ status: 3 });
    await expect(create({ csr: 'x'.repeat(200_000) })).rejects.toMatchObject({ status: 8 });
    expect(counts).toEqual({ csrs: 3, csrParsingErrors: 2 });
  });

  test('who shows no credential, a bad one, or no TLS is UNAUTHENTICATED before the request is read', async () => {
    for (const identity of ['nobody', new AuthenticationError('bad token')] as const) {
      const { service, counts } = serviceFor(identity);
      await expect(service.create(Buffer.from([0xff]), peer)).rejects.toMatchObject({ status: 16 });
      expect(counts).toEqual({ csrs: 1, authenticationFailures: 1 });
    }
    const { tls: _, ...plain } = peer;
    await expect(serviceFor().create({}, { ...plain, plaintext: true })).rejects.toMatchObject({ status: 16 });
  });

  test('an identity that can have no certificate here is not told one', async () => {
    const { create, counts } = serviceFor({ ...reviews, trustDomain: 'elsewhere' });
    await expect(create()).rejects.toMatchObject({ status: 13 });
    expect(counts).toMatchObject({ idExtractionErrors: 1 });
  });

  test('one identity cannot keep the authority busy', async () => {
    const { create } = serviceFor();
    const refused: unknown[] = [];
    for (let count = 0; count < 201; count++) await create({ csr: 'nonsense' }).catch((error) => refused.push(error.status));
    expect(refused.at(-2)).toBe(3);
    expect(refused.at(-1)).toBe(8);
    clock.sleep(1000);
    await expect(create()).resolves.toHaveLength(3);
  });

  test("an expired signer is nobody's fault: UNAVAILABLE, to be tried again", async () => {
    const short = new FakeClock(clock.now());
    const old = await rootMaterial({ clock: short, lifetimeMs: 1000 });
    const before = authority;
    short.sleep(60_000);
    authority = new CertificateAuthority(old, { trustDomain: 'cluster.local', clock: short });
    const { create } = serviceFor();
    authority = before;
    await expect(create()).rejects.toMatchObject({ status: 14 });
  });
});
