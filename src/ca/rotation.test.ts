import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CertificateAuthority } from './authority.js';
import { verifyChain } from './chain.js';
import { loadOrCreateRoot } from './root.js';
import { currentRotation, loadSelfSigned, startRotation } from './rotation.js';
import { parseCertificates, type SigningMaterial } from './signing-material.js';
import { FakeClock } from './testing/fake-clock.js';
import { reviews, withFolder } from './testing/material.js';
import { ExtendedKeyUsage } from './x509.js';

const hour = 3600 * 1000;
const day = 24 * hour;
const trustDomain = 'cluster.local';

/** Whether a peer that trusts these roots accepts a workload certificate of the signer, with what comes along and nothing else. */
async function accepts(roots: SigningMaterial['roots'], signer: SigningMaterial, clock: FakeClock): Promise<boolean> {
  const authority = new CertificateAuthority(signer, { trustDomain, clock });
  const { certChainPem } = await authority.issueWorkload({ identity: reviews, ttlMs: hour });
  const [leaf, ...intermediates] = parseCertificates({ name: 'leaf', text: certChainPem });
  if (leaf === undefined) return false;
  try {
    verifyChain({ leaf, intermediates, roots, now: clock.now(), usage: ExtendedKeyUsage.serverAuth });
    return true;
  } catch {
    return false;
  }
}

describe('CA-009 rotation of the root', () => {
  test.each(['ecdsa', 'rsa'] as const)('every step trusts what the steps beside it sign (new root: %s)', async (keyType) => {
    await withFolder(async (folder) => {
      const clock = new FakeClock();
      const load = () => loadSelfSigned(folder, { trustDomain, clock, isKeeper: true });
      const before = await load();
      await startRotation(folder, { trustDomain, clock, keyType, distributeForMs: hour, keepOldForMs: day });

      clock.sleep(1000); // a new root's certificate is backdated; time passes anyway
      const distribute = await load();
      expect(distribute.certificate.equal(before.certificate)).toBe(true);
      expect(distribute.roots).toHaveLength(2);
      clock.sleep(hour);
      const sign = await load();
      expect(sign.certificate.equal(before.certificate)).toBe(false);
      expect(sign.roots).toHaveLength(2);
      clock.sleep(day);
      const done = await load();
      expect(done.roots).toHaveLength(1);
      expect(done.certificate.equal(sign.certificate)).toBe(true);
      expect(done.certificate.publicKey.algorithm.name).toBe(keyType === 'rsa' ? 'RSASSA-PKCS1-v1_5' : 'ECDSA');

      const steps = [before, distribute, sign, done];
      for (const [at, step] of steps.entries()) {
        for (const peer of steps.slice(Math.max(at - 1, 0), at + 2)) expect(await accepts(peer.roots, step, clock)).toBe(true);
      }
      // A bootstrap that knows the old root only goes on until the old root is dropped.
      expect(await accepts(before.roots, sign, clock)).toBe(true);
      expect(await accepts(before.roots, done, clock)).toBe(false);
      expect(await accepts(done.roots, before, clock)).toBe(false);
    });
  });

  test('when it is over the new root is in the place of the old one, whose key is kept apart', async () => {
    await withFolder(async (folder) => {
      const clock = new FakeClock();
      const old = await loadOrCreateRoot(folder, { trustDomain, clock });
      const { dropAt } = await startRotation(folder, { trustDomain, clock, distributeForMs: 0, keepOldForMs: day });
      clock.sleep(dropAt.getTime() - clock.now());
      // Somebody who only looks moves nothing.
      const seen = await loadSelfSigned(folder, { trustDomain, clock });
      expect(await currentRotation(folder)).toBeDefined();
      const kept = await loadSelfSigned(folder, { trustDomain, clock, isKeeper: true });
      expect(kept.certificate.equal(seen.certificate)).toBe(true);
      expect(await currentRotation(folder)).toBeUndefined();
      expect((await loadOrCreateRoot(folder, { trustDomain, clock })).certificate.equal(seen.certificate)).toBe(true);
      await access(join(folder, `ca-retired-${old.certificate.serialNumber}`, 'ca-key.pem'));
      await expect(startRotation(folder, { trustDomain, clock })).resolves.toBeDefined();
    });
  });

  test('a second rotation waits for the first', async () => {
    await withFolder(async (folder) => {
      const clock = new FakeClock();
      await startRotation(folder, { trustDomain, clock });
      await expect(startRotation(folder, { trustDomain, clock })).rejects.toMatchObject({ code: 'rotation_under_way' });
    });
  });

  test('the old root gone in the middle is an error and never a third root', async () => {
    await withFolder(async (folder) => {
      const clock = new FakeClock();
      await startRotation(folder, { trustDomain, clock });
      await rm(join(folder, 'ca'), { recursive: true });
      await expect(loadSelfSigned(folder, { trustDomain, clock, isKeeper: true })).rejects.toMatchObject({ code: 'missing_file' });
    });
  });

  test('a server rotates by itself when a fifth of the life is left, once', async () => {
    await withFolder(async (folder) => {
      const clock = new FakeClock();
      const options = { trustDomain, clock, isKeeper: true, lifetimeMs: 100 * day };
      const old = await loadSelfSigned(folder, options);
      clock.sleep(79 * day);
      expect((await loadSelfSigned(folder, options)).roots).toHaveLength(1);
      clock.sleep(2 * day);
      const both = await loadSelfSigned(folder, options);
      expect(both.roots).toHaveLength(2);
      expect(both.certificate.equal(old.certificate)).toBe(true);
      expect((await loadSelfSigned(folder, options)).roots.map(String)).toEqual(both.roots.map(String));
    });
  });
});
