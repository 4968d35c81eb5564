import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { CertificateAuthority } from './authority.js';
import { FakeClock, settle } from './testing/fake-clock.js';
import { authorityOf, reviews, rootMaterial } from './testing/material.js';
import { type WorkloadCertificate, WorkloadCertificates } from './workload-certificates.js';

const hour = 3600 * 1000;
const ratings = { ...reviews, serviceAccount: 'ratings' };

/** An authority that counts, can fail, and answers without real cryptography where only time matters. */
function countingAuthority(clock: FakeClock, lifetimeMs = 24 * hour) {
  const state = { issued: 0, isBroken: false, signerListeners: new Set<() => void>() };
  const authority: Pick<CertificateAuthority, 'issueWorkload' | 'onSignerChange' | 'spiffeIdOf'> = {
    spiffeIdOf: (identity) => `${identity.namespace}/${identity.serviceAccount}`,
    onSignerChange(listener) {
      state.signerListeners.add(listener);
      return () => state.signerListeners.delete(listener);
    },
    async issueWorkload() {
      if (state.isBroken) throw new Error('CA is down');
      state.issued++;
      const issuedAt = new Date(clock.now());
      const notAfter = new Date(clock.now() + lifetimeMs);
      return { certChainPem: `cert ${state.issued}`, privateKeyPem: 'key', rootPem: 'root', issuedAt, notBefore: issuedAt, notAfter };
    },
  };
  return { state, authority: authority as CertificateAuthority };
}

describe('CA-019 workload certificates', () => {
  test('real ones: one per identity, shared by concurrent callers, reported once', async () => {
    const clock = new FakeClock();
    const certificates = new WorkloadCertificates(await authorityOf(clock), { clock });
    const seen: string[] = [];
    certificates.onChange((identity) => seen.push(identity.serviceAccount));
    const [a, b, c] = await Promise.all([certificates.get(reviews), certificates.get(reviews), certificates.get(ratings)]);
    expect(a).toBe(b);
    expect(a.privateKeyPem).not.toBe(c.privateKeyPem);
    expect(a.identity).toEqual(reviews);
    expect(seen.sort()).toEqual(['ratings', 'reviews']);
    expect(certificates.size).toBe(2);
    certificates.close();
    expect(clock.waiting).toBe(0);
  });

  test('CA-021: keys are of the kind that was asked for, renewed ones too', async () => {
    const certificates = new WorkloadCertificates(await authorityOf(), { keyType: 'rsa' });
    const { certChainPem } = await certificates.get(reviews);
    expect(new X509Certificate(certChainPem).publicKey.asymmetricKeyType).toBe('rsa');
    certificates.close();
  });

  test('an identity that the authority does not sign for is refused and not kept', async () => {
    const certificates = new WorkloadCertificates(await authorityOf());
    await expect(certificates.get({ ...reviews, trustDomain: 'evil' })).rejects.toMatchObject({ code: 'wrong_trust_domain' });
    expect(certificates.size).toBe(0);
  });

  test.each([
    [0, 0.4],
    [0.5, 0.425],
    [0.999999, 0.45],
  ])('with jitter %d it rotates at %d of the lifetime, never after half of it', async (jitter, share) => {
    const clock = new FakeClock();
    const { authority, state } = countingAuthority(clock);
    const certificates = new WorkloadCertificates(authority, { clock, random: () => jitter });
    const seen: WorkloadCertificate[] = [];
    await certificates.get(reviews);
    certificates.onChange((_, certificate) => seen.push(certificate));
    await clock.advance(24 * hour * share - 2000);
    expect(seen).toHaveLength(0);
    await clock.advance(4000);
    expect(seen.map((certificate) => certificate.certChainPem)).toEqual(['cert 2']);
    expect((await certificates.get(reviews)).certChainPem).toBe('cert 2');
    await clock.advance(10 * 24 * hour);
    expect(state.issued).toBeGreaterThanOrEqual(21);
  });

  test('a 90 day certificate, longer than a timer can wait, rotates once at its time', async () => {
    const clock = new FakeClock();
    const { authority, state } = countingAuthority(clock, 90 * 24 * hour);
    const certificates = new WorkloadCertificates(authority, { clock, random: () => 0.5 });
    await certificates.get(reviews);
    await clock.advance(38 * 24 * hour);
    expect(state.issued).toBe(1);
    await clock.advance(1 * 24 * hour);
    expect(state.issued).toBe(2);
  });

  test('a failing rotation keeps the old certificate, tries again with growing pauses, and recovers', async () => {
    const clock = new FakeClock();
    const { authority, state } = countingAuthority(clock);
    const errors: unknown[] = [];
    const certificates = new WorkloadCertificates(authority, { clock, random: () => 0, onError: (_, error) => errors.push(error) });
    await certificates.get(reviews);
    state.isBroken = true;
    await clock.advance(24 * hour * 0.4 + 10 * 60 * 1000);
    expect(errors.length).toBeGreaterThan(5);
    expect(errors.length).toBeLessThan(20); // ten minutes at one try a second would be 600
    expect((await certificates.get(reviews)).certChainPem).toBe('cert 1');
    state.isBroken = false;
    await clock.advance(61 * 1000);
    expect((await certificates.get(reviews)).certChainPem).toBe('cert 2');
  });

  test('a first failure rejects, and is made good later for the listener', async () => {
    const clock = new FakeClock();
    const { authority, state } = countingAuthority(clock);
    state.isBroken = true;
    const certificates = new WorkloadCertificates(authority, { clock });
    const seen: string[] = [];
    certificates.onChange((_, certificate) => seen.push(certificate.certChainPem));
    await expect(certificates.get(reviews)).rejects.toThrow('CA is down');
    state.isBroken = false;
    await clock.advance(2000);
    expect(seen).toEqual(['cert 1']);
  });

  test('after a machine slept past the end, nobody gets the expired one', async () => {
    const clock = new FakeClock();
    const { authority } = countingAuthority(clock);
    const certificates = new WorkloadCertificates(authority, { clock });
    await certificates.get(reviews);
    clock.sleep(25 * hour);
    expect((await certificates.get(reviews)).certChainPem).toBe('cert 2');
  });

  test('released identities are rotated no more, also when one is just being made', async () => {
    const clock = new FakeClock();
    const { authority, state } = countingAuthority(clock);
    const certificates = new WorkloadCertificates(authority, { clock });
    const seen: string[] = [];
    certificates.onChange((identity) => seen.push(identity.serviceAccount));
    await certificates.get(reviews);
    certificates.release(reviews);
    const pending = certificates.get(ratings);
    certificates.release(ratings);
    await pending;
    await clock.advance(48 * hour);
    expect([state.issued, clock.waiting, certificates.size, seen]).toEqual([2, 0, 0, ['reviews']]);
  });

  test('a replaced signer renews everything at once, also what was just being made with the old one', async () => {
    const clock = new FakeClock();
    const authority = await authorityOf(clock);
    const certificates = new WorkloadCertificates(authority, { clock });
    const roots: string[] = [];
    await certificates.get(reviews);
    certificates.onChange((identity, certificate) => roots.push(`${identity.serviceAccount} ${certificate.rootPem}`));
    const pending = certificates.get(ratings);
    authority.replaceSigner(await rootMaterial({ clock }));
    await pending;
    const fresh = authority.rootPem;
    // Keys are made on other threads: a busy machine takes its time.
    const limit = Date.now() + 4_000;
    while (Date.now() < limit && !(roots.includes(`reviews ${fresh}`) && roots.includes(`ratings ${fresh}`))) await settle();
    expect((await certificates.get(reviews)).rootPem).toBe(fresh);
    expect((await certificates.get(ratings)).rootPem).toBe(fresh);
    certificates.close();
  });

  test('a listener that throws stops neither rotation nor the caller', async () => {
    const clock = new FakeClock();
    const { authority, state } = countingAuthority(clock);
    const errors: unknown[] = [];
    const certificates = new WorkloadCertificates(authority, { clock, onError: (_, error) => errors.push(error) });
    certificates.onChange(() => {
      throw new Error('listener');
    });
    await expect(certificates.get(reviews)).resolves.toBeDefined();
    await clock.advance(24 * hour);
    expect(state.issued).toBeGreaterThan(1);
    expect(errors.length).toBe(state.issued);
  });
});
