import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CertificateAuthority } from './authority.js';
import { loadPluggedInCa } from './cacerts.js';
import { certificatePem } from './pem.js';
import { SignerReload } from './signer-reload.js';
import { FakeClock } from './testing/fake-clock.js';
import { intermediateOf, reviews, rootMaterial, withFolder } from './testing/material.js';
import { WorkloadCertificates } from './workload-certificates.js';

async function put(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    await chmod(join(folder, name), 0o600);
  }
}

test('CA-010 a plugged-in CA that is replaced signs from then on, and every workload gets a certificate of it', async () => {
  await withFolder(async (folder) => {
    const clock = new FakeClock();
    const root = await rootMaterial({ clock });
    const rootPem = certificatePem(root.certificate);
    const [one, two] = [await intermediateOf(root, { name: 'one' }), await intermediateOf(root, { name: 'two' })];
    await put(folder, { 'ca-cert.pem': one.certificate, 'ca-key.pem': one.key, 'root-cert.pem': rootPem });
    const authority = new CertificateAuthority(await loadPluggedInCa(folder), { trustDomain: 'cluster.local', clock });
    const errors: unknown[] = [];
    let replaced = 0;
    const reload = new SignerReload({
      authority,
      load: () => loadPluggedInCa(folder),
      clock,
      onReplaced: () => replaced++,
      onError: (error) => errors.push(error),
    });
    const certificates = new WorkloadCertificates(authority, { clock });
    const made: string[] = [];
    certificates.onChange((_, { certChainPem }) => made.push(certChainPem));
    await certificates.get(reviews);

    await reload.reload();
    expect(replaced).toBe(0);

    // Half of the files are new: told once, and the old one goes on signing.
    await put(folder, { 'ca-cert.pem': two.certificate });
    await reload.reload();
    await reload.reload();
    expect(errors).toEqual([expect.objectContaining({ code: 'key_mismatch' })]);
    expect(authority.signer.certificate.subject).toBe('CN=one');

    await put(folder, { 'ca-key.pem': two.key });
    const turned = new Promise<void>((resolve) => certificates.onChange(() => resolve()));
    await reload.reload();
    expect(replaced).toBe(1);
    await turned;
    expect(made).toHaveLength(2);
    expect(made[1]).toContain(two.certificate.trim());
    certificates.close();
    reload.close();
  });
});

test('looks again after each interval, and no more once it is closed', async () => {
  const clock = new FakeClock();
  const signer = await rootMaterial({ clock });
  let looks = 0;
  const reload = new SignerReload({
    authority: new CertificateAuthority(signer, { trustDomain: 'cluster.local', clock }),
    load: async () => {
      looks++;
      return signer;
    },
    everyMs: 1000,
    clock,
  });
  await clock.advance(3500);
  expect(looks).toBe(3);
  reload.close();
  await clock.advance(5000);
  expect(looks).toBe(3);
});
