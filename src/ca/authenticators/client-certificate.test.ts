import { X509Certificate as NodeCertificate, type webcrypto } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import type { CertificateAuthority } from '../authority.js';
import { certificatePem } from '../pem.js';
import { parseCertificates, type SigningMaterial } from '../signing-material.js';
import { FakeClock } from '../testing/fake-clock.js';
import { authorityOf, intermediateOf, keyPair, materialOf, reviews, rootMaterial } from '../testing/material.js';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '../x509.js';
import { ClientCertificateAuthenticator } from './client-certificate.js';

const ours: JsonGeneralName = { type: 'url', value: 'spiffe://cluster.local/ns/default/sa/reviews' };

function ders(pem: string): Uint8Array[] {
  return parseCertificates({ name: 'test', text: pem }).map((certificate) => new Uint8Array(certificate.rawData));
}

function authenticate(authority: CertificateAuthority, pem: string, clock?: FakeClock) {
  return new ClientCertificateAuthenticator(authority, clock).authenticate({ tls: { chainDer: ders(pem) }, headers: {} });
}

/** A leaf signed by the signer with exactly these extensions. */
async function leafOf(signer: SigningMaterial, extensions: Extension[]): Promise<string> {
  const keys = await keyPair('ec');
  const certificate = await X509CertificateGenerator.create({
    issuer: signer.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: signer.key,
    signingAlgorithm: { name: signer.key.algorithm.name, hash: 'SHA-256' },
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions,
  });
  return certificatePem(certificate);
}

const clientAuth = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
const names = (...list: JsonGeneralName[]) => new SubjectAlternativeNameExtension(list, true);

describe('CA-003 client certificates', () => {
  test('a workload certificate proves its identity; none proves nothing', async () => {
    const authority = await authorityOf();
    const { certChainPem } = await authority.issueWorkload({ identity: reviews });
    await expect(authenticate(authority, certChainPem)).resolves.toEqual(reviews);
    const authenticator = new ClientCertificateAuthenticator(authority);
    await expect(authenticator.authenticate({ headers: {} })).resolves.toBeUndefined();
    await expect(authenticator.authenticate({ tls: { chainDer: [] }, headers: {} })).resolves.toBeUndefined();
  });

  test('a certificate of another root is refused, even one of the same name', async () => {
    const foreign = await (await authorityOf()).issueWorkload({ identity: reviews });
    await expect(authenticate(await authorityOf(), foreign.certChainPem)).rejects.toMatchObject({ name: 'AuthenticationError' });
    // The peer may send its own root along: that makes it no root of ours.
    await expect(authenticate(await authorityOf(), foreign.certChainPem + foreign.rootPem)).rejects.toThrow('does not lead to a root');
  });

  test('expired and not yet valid certificates are refused', async () => {
    const clock = new FakeClock();
    const authority = await authorityOf(clock);
    const { certChainPem } = await authority.issueWorkload({ identity: reviews });
    await expect(authenticate(authority, certChainPem, clock)).resolves.toEqual(reviews);
    clock.sleep(24 * 3_600_000 + 1000);
    await expect(authenticate(authority, certChainPem, clock)).rejects.toThrow('expired');
    clock.sleep(-48 * 3_600_000);
    await expect(authenticate(authority, certChainPem, clock)).rejects.toThrow('valid only from');
  });

  test('after a change of root, certificates of both overlapping roots are good, of a dropped one no more', async () => {
    const [oldRoot, newRoot] = [await rootMaterial(), await rootMaterial()];
    const authority = await authorityOf(undefined, oldRoot);
    const { certChainPem } = await authority.issueWorkload({ identity: reviews });
    authority.replaceSigner({ ...newRoot, roots: [...newRoot.roots, ...oldRoot.roots] });
    await expect(authenticate(authority, certChainPem)).resolves.toEqual(reviews);
    await expect(authenticate(authority, (await authority.issueWorkload({ identity: reviews })).certChainPem)).resolves.toEqual(reviews);
    authority.replaceSigner(newRoot);
    await expect(authenticate(authority, certChainPem)).rejects.toThrow('does not lead to a root');
  });

  test.each([
    ['no clientAuth usage (a server certificate)', [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]), names(ours)], 'lacks'],
    ['no extended key usage', [names(ours)], 'lacks'],
    ['two SPIFFE ids', [clientAuth, names(ours, { type: 'url', value: 'spiffe://cluster.local/ns/default/sa/admin' })], '2 URI names'],
    ['another URI beside its id', [clientAuth, names(ours, { type: 'url', value: 'https://x' })], '2 URI names'],
    ['no URI', [clientAuth, names({ type: 'dns', value: 'reviews' })], '0 URI names'],
    ['a URI that is no workload id', [clientAuth, names({ type: 'url', value: 'spiffe://cluster.local/reviews' })], 'not a SPIFFE ID'],
    ['another trust domain', [clientAuth, names({ type: 'url', value: 'spiffe://other/ns/default/sa/reviews' })], 'trust domain other'],
    ['CA rights', [clientAuth, names(ours), new BasicConstraintsExtension(true)], 'CA certificate'],
    ['a key that may not sign', [clientAuth, names(ours), new KeyUsagesExtension(KeyUsageFlags.keyEncipherment, true)], 'digitalSignature'],
  ])('a certificate of our root with %s is refused', async (_, extensions, message) => {
    const authority = await authorityOf();
    await expect(authenticate(authority, await leafOf(authority.signer, extensions))).rejects.toThrow(message);
  });

  test('an unknown critical extension makes a certificate unusable', async () => {
    const authority = await authorityOf();
    const { Extension: AnyExtension } = await import('@peculiar/x509');
    const unknown = new AnyExtension('1.2.3.4', true, Uint8Array.of(5, 0));
    await expect(authenticate(authority, await leafOf(authority.signer, [clientAuth, names(ours), unknown]))).rejects.toThrow('1.2.3.4');
  });

  test('bytes that are no certificate, and endless chains, are refused', async () => {
    const authority = await authorityOf();
    const authenticator = new ClientCertificateAuthenticator(authority);
    const { certChainPem } = await authority.issueWorkload({ identity: reviews });
    const [leaf = new Uint8Array()] = ders(certChainPem);
    await expect(authenticator.authenticate({ tls: { chainDer: [Uint8Array.of(1, 2, 3)] }, headers: {} })).rejects.toMatchObject({
      name: 'AuthenticationError',
    });
    await expect(authenticator.authenticate({ tls: { chainDer: Array.from({ length: 9 }, () => leaf) }, headers: {} })).rejects.toThrow('too long');
  });
});

describe('CA-003 CA-010 chains with intermediates', () => {
  test('are followed, also when a resumed session shows the leaf alone', async () => {
    const root = await rootMaterial();
    const authority = await authorityOf(undefined, await materialOf(await intermediateOf(root), certificatePem(root.certificate)));
    const { certChainPem } = await authority.issueWorkload({ identity: reviews });
    await expect(authenticate(authority, certChainPem)).resolves.toEqual(reviews);
    await expect(authenticate(authority, new NodeCertificate(certChainPem).toString())).resolves.toEqual(reviews);
  });

  test('a leaf cannot act as intermediate', async () => {
    const authority = await authorityOf();
    const keys = await keyPair('ec');
    const parent = await leafWithKey(authority.signer, keys);
    const fake: SigningMaterial = { ...authority.signer, certificate: parent, key: keys.privateKey };
    const forged = await leafOf(fake, [clientAuth, names(ours)]);
    await expect(authenticate(authority, forged + certificatePem(parent))).rejects.toThrow(/not a CA|does not lead/);
  });

  test('path length, extended usage and critical constraints of an intermediate hold', async () => {
    const root = await rootMaterial();
    const rootPem = certificatePem(root.certificate);
    const authority = await authorityOf(undefined, root);
    const upper = await intermediateOf(root, { name: 'upper', pathLength: 0 });
    const lower = await intermediateOf(await materialOf(upper, rootPem), { name: 'lower' });
    const lowerSigner = await materialOf(lower, rootPem, upper.certificate);
    const tooDeep = await leafOf(lowerSigner, [clientAuth, names(ours)]);
    await expect(authenticate(authority, tooDeep + lower.certificate + upper.certificate)).rejects.toThrow('allows only 0 CAs');
    const serverOnly = await intermediateOf(root, { extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])] });
    const leaf = await leafOf(await materialOf(serverOnly, rootPem), [clientAuth, names(ours)]);
    await expect(authenticate(authority, leaf + serverOnly.certificate)).rejects.toThrow('may not issue');
  });

  test('what no root of ours signed is not read, and no key of a stranger is used', async () => {
    const [authority, foreign] = [await authorityOf(), await rootMaterial()];
    const { Extension: AnyExtension } = await import('@peculiar/x509');
    // Named as our root, so that only the signature tells.
    const upper = await intermediateOf({ ...foreign, certificate: authority.signer.certificate });
    const leaf = await leafOf(await materialOf(upper, upper.certificate), [new AnyExtension('2.5.29.17', false, Uint8Array.of(48, 5))]);
    const verify = jest.spyOn(NodeCertificate.prototype, 'verify');
    await expect(authenticate(authority, leaf + upper.certificate)).rejects.toThrow('does not lead to a root');
    const own = new NodeCertificate(authority.rootPem).publicKey;
    expect(verify.mock.calls.map(([key]) => key.equals(own))).toEqual([true]);
    verify.mockRestore();
  });

  test('certificates that all sign each other cost a bounded amount of work', async () => {
    const authority = await authorityOf();
    const root = await rootMaterial();
    const keys = await keyPair('ec');
    const make = () =>
      leafWithKey({ ...root, key: keys.privateKey }, keys, [new BasicConstraintsExtension(true)], root.certificate.subjectName.toString());
    const ring = await Promise.all(Array.from({ length: 7 }, make));
    const leaf = await leafOf({ ...root, key: keys.privateKey }, [clientAuth, names(ours)]);
    const before = process.cpuUsage();
    await expect(authenticate(authority, leaf + ring.map(certificatePem).join(''))).rejects.toMatchObject({ name: 'AuthenticationError' });
    const spent = process.cpuUsage(before);
    expect(spent.user + spent.system).toBeLessThan(500_000); // microseconds; trying every order takes many seconds
  });
});

async function leafWithKey(signer: SigningMaterial, keys: webcrypto.CryptoKeyPair, extensions: Extension[] = [], subject = 'CN=middle') {
  return X509CertificateGenerator.create({
    subject,
    issuer: signer.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: signer.key,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions,
  });
}
