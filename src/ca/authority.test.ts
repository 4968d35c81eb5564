import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CertificateAuthority } from './authority.js';
import { certificatePem } from './pem.js';
import { isIssuedBy, toNode } from './signing-material.js';
import { FakeClock } from './testing/fake-clock.js';
import { authorityOf, intermediateOf, keyPair, materialOf, reviews, rootMaterial } from './testing/material.js';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, X509Certificate } from './x509.js';

const hour = 3600 * 1000;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** The extension's critical flag and identifier as they stand in the certificate. */
function critical(pem: string): Record<string, boolean> {
  return Object.fromEntries(new X509Certificate(pem).extensions.map((extension) => [extension.type, extension.critical]));
}

describe('CA-006 workload certificates', () => {
  test('name the workload and nothing else, as OpenSSL reads them', async () => {
    const authority = await authorityOf();
    const issued = await authority.issueWorkload({ identity: reviews });
    const leaf = new NodeCertificate(issued.certChainPem);
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/default/sa/reviews');
    expect(leaf.subject ?? '').toBe('');
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual([serverAuth, clientAuth]);
    expect(isIssuedBy(leaf, new NodeCertificate(authority.rootPem))).toBe(true);
    expect(critical(issued.certChainPem)).toEqual({
      '2.5.29.19': true,
      '2.5.29.15': true,
      '2.5.29.37': false,
      '2.5.29.17': true, // the subject is empty
      '2.5.29.14': false,
      '2.5.29.35': false,
    });
    expect(issued.rootPem).toBe(authority.rootPem);
    expect(issued.certChainPem.match(/BEGIN/g)).toHaveLength(1);
  });

  test('CA-021: keys are ECDSA on P-256, or RSA of 2048 bits when asked, under a root of either kind', async () => {
    for (const keyType of ['ecdsa', 'rsa'] as const) {
      const authority = await authorityOf(undefined, await rootMaterial({ keyType }));
      const [byDefault, rsa] = await Promise.all([
        authority.issueWorkload({ identity: reviews }),
        authority.issueWorkload({ identity: reviews, keyType: 'rsa' }),
      ]);
      expect(new NodeCertificate(byDefault.certChainPem).publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
      const leaf = new NodeCertificate(rsa.certChainPem);
      expect(leaf.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
      expect(leaf.checkPrivateKey(createPrivateKey(rsa.privateKeyPem))).toBe(true);
      expect(isIssuedBy(leaf, new NodeCertificate(authority.rootPem))).toBe(true);
    }
  });

  test('no two have the same key or serial number', async () => {
    const authority = await authorityOf();
    const [a, b] = await Promise.all([authority.issueWorkload({ identity: reviews }), authority.issueWorkload({ identity: reviews })]);
    expect(a.privateKeyPem).not.toBe(b.privateKeyPem);
    expect(new NodeCertificate(a.certChainPem).serialNumber).not.toBe(new NodeCertificate(b.certChainPem).serialNumber);
  });

  test('are signed for the own trust domain only, and for nothing that is no SPIFFE id', async () => {
    const authority = await authorityOf();
    await expect(authority.issueWorkload({ identity: { ...reviews, trustDomain: 'evil' } })).rejects.toMatchObject({ code: 'wrong_trust_domain' });
    await expect(authority.issueWorkload({ identity: { ...reviews, namespace: 'a/sa/b' } })).rejects.toMatchObject({ code: 'bad_name' });
    const signer = authority.signer;
    expect(() => new CertificateAuthority(signer, { trustDomain: 'Not A Domain' })).toThrow('not a trust domain');
  });
});

describe('CA-007 lifetimes', () => {
  test('24 hours by default, backdated by two minutes', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 23, 9, 0, 0, 700));
    const issued = await (await authorityOf(clock)).issueWorkload({ identity: reviews });
    expect(issued.notBefore).toEqual(new Date(Date.UTC(2026, 10, 23, 8, 58)));
    expect(issued.notAfter).toEqual(new Date(Date.UTC(2026, 10, 24, 9, 0)));
    const leaf = new NodeCertificate(issued.certChainPem);
    expect([leaf.validFromDate, leaf.validToDate]).toEqual([issued.notBefore, issued.notAfter]);
  });

  test('90 days is granted, a second more is refused', async () => {
    const authority = await authorityOf();
    const max = 90 * 24 * hour;
    await expect(authority.issueWorkload({ identity: reviews, ttlMs: max })).resolves.toBeDefined();
    await expect(authority.issueWorkload({ identity: reviews, ttlMs: max + 1000 })).rejects.toMatchObject({ code: 'ttl_too_long' });
  });

  test.each([-1, 999, Number.NaN, Number.POSITIVE_INFINITY])('a TTL of %d ms is refused', async (ttlMs) => {
    await expect((await authorityOf()).issueWorkload({ identity: reviews, ttlMs })).rejects.toMatchObject({ code: 'bad_ttl' });
  });

  test('a leaf ends with its signer', async () => {
    const clock = new FakeClock();
    const authority = await authorityOf(clock, await rootMaterial({ clock, lifetimeMs: 5 * hour }));
    const issued = await authority.issueWorkload({ identity: reviews });
    expect(issued.notAfter).toEqual(authority.signer.certificate.notAfter);
  });

  test('an expired signer signs nothing, nor does one of tomorrow', async () => {
    const clock = new FakeClock();
    const authority = await authorityOf(clock, await rootMaterial({ clock, lifetimeMs: hour }));
    clock.sleep(hour);
    await expect(authority.issueWorkload({ identity: reviews })).rejects.toMatchObject({ code: 'signer_expired' });
    clock.sleep(-24 * hour);
    await expect(authority.issueServer({ dnsNames: ['a'], ips: [] })).rejects.toMatchObject({ code: 'signer_not_yet_valid' });
  });

  test('own limits replace the defaults', async () => {
    const authority = new CertificateAuthority(await rootMaterial(), { trustDomain: 'cluster.local', defaultTtlMs: hour, maxTtlMs: 2 * hour });
    const issued = await authority.issueWorkload({ identity: reviews });
    expect(issued.notAfter.getTime() - issued.issuedAt.getTime()).toBeLessThanOrEqual(hour);
    await expect(authority.issueWorkload({ identity: reviews, ttlMs: 3 * hour })).rejects.toMatchObject({ code: 'ttl_too_long' });
  });
});

describe('CA-010 signing with an intermediate', () => {
  test.each(['ec', 'rsa', 'p384'] as const)('of type %s: the chain holds it, the root stays apart, key ids link up', async (algorithm) => {
    const root = await rootMaterial();
    const rootPem = certificatePem(root.certificate);
    const ca = await intermediateOf(root, { algorithm });
    const authority = await authorityOf(undefined, await materialOf(ca, rootPem));
    const issued = await authority.issueWorkload({ identity: reviews });
    expect(issued.certChainPem.endsWith(ca.certificate)).toBe(true);
    expect(issued.certChainPem.match(/BEGIN/g)).toHaveLength(2);
    expect(issued.rootPem).toBe(rootPem);
    expect(isIssuedBy(new NodeCertificate(issued.certChainPem), new NodeCertificate(ca.certificate))).toBe(true);
    expect(isIssuedBy(new NodeCertificate(ca.certificate), toNode(root.certificate))).toBe(true);
  });

  test('a replaced signer signs from then on and watchers are told', async () => {
    const authority = await authorityOf();
    const before = authority.rootPem;
    let calls = 0;
    const end = authority.onSignerChange(() => calls++);
    authority.replaceSigner(await rootMaterial());
    expect(authority.rootPem).not.toBe(before);
    const issued = await authority.issueWorkload({ identity: reviews });
    expect(isIssuedBy(new NodeCertificate(issued.certChainPem), new NodeCertificate(authority.rootPem))).toBe(true);
    end();
    authority.replaceSigner(await rootMaterial());
    expect(calls).toBe(1);
  });
});

describe('CA-006 CA-021 certificate signing requests', () => {
  const evilNames = new SubjectAlternativeNameExtension(
    [
      { type: 'url', value: 'spiffe://cluster.local/ns/istio-system/sa/istiod' },
      { type: 'dns', value: 'istiod.istio-system.svc' },
    ],
    false,
  );

  test.each([
    ['ec', ['digitalSignature']] as const,
    ['p384', ['digitalSignature']] as const,
    ['rsa', ['digitalSignature', 'keyEncipherment']] as const,
  ])('an %s key is certified for the caller; subject and names of the request are ignored', async (algorithm, usages) => {
    const keys = await keyPair(algorithm);
    const csr = await Pkcs10CertificateRequestGenerator.create({
      name: 'CN=istiod.istio-system.svc',
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [evilNames],
    });
    const authority = await authorityOf();
    const chain = await authority.signCsr(csr.toString('pem'), reviews, hour);
    expect(chain).toHaveLength(1);
    const leaf = new NodeCertificate(chain[0] ?? '');
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/default/sa/reviews');
    expect(leaf.subject ?? '').toBe('');
    expect(leaf.publicKey.export({ type: 'spki', format: 'der' }).equals(Buffer.from(csr.publicKey.rawData))).toBe(true);
    expect(isIssuedBy(leaf, new NodeCertificate(authority.rootPem))).toBe(true);
    const { KeyUsagesExtension, KeyUsageFlags } = await import('./x509.js');
    const flags = usages.reduce((all, name) => all | KeyUsageFlags[name], 0);
    expect(new X509Certificate(chain[0] ?? '').getExtension(KeyUsagesExtension)?.usages).toBe(flags);
  });
});
