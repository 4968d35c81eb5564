import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadPluggedInCa } from './cacerts.js';
import { certificatePem } from './pem.js';
import { intermediateOf, materialOf, rootMaterial, withFolder } from './testing/material.js';

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: name === 'ca-key.pem' ? 0o600 : 0o644 });
}

describe('CA-010 plugged-in CA', () => {
  test('loads an intermediate and orders the chain up to the root, whatever cert-chain.pem repeats', () =>
    withFolder(async (folder) => {
      const root = await rootMaterial();
      const rootPem = certificatePem(root.certificate);
      const upper = await intermediateOf(root, { name: 'upper' });
      const lower = await intermediateOf(await materialOf(upper, rootPem), { name: 'lower', algorithm: 'rsa' });
      await write(folder, {
        'ca-cert.pem': lower.certificate,
        'ca-key.pem': lower.key,
        'root-cert.pem': rootPem,
        'cert-chain.pem': rootPem + upper.certificate + lower.certificate,
      });
      const loaded = await loadPluggedInCa(folder);
      expect(loaded.intermediates.map((certificate) => certificate.subject)).toEqual(['CN=lower', 'CN=upper']);
      expect(loaded.roots.map(certificatePem)).toEqual([rootPem]);
      expect(loaded.key.algorithm.name).toBe('RSASSA-PKCS1-v1_5');
    }));

  test('a chain with a gap is refused and names the orphan', () =>
    withFolder(async (folder) => {
      const root = await rootMaterial();
      const upper = await intermediateOf(root, { name: 'upper' });
      const lower = await intermediateOf(await materialOf(upper, certificatePem(root.certificate)), { name: 'lower' });
      await write(folder, { 'ca-cert.pem': lower.certificate, 'ca-key.pem': lower.key, 'root-cert.pem': certificatePem(root.certificate) });
      await expect(loadPluggedInCa(folder)).rejects.toMatchObject({ code: 'broken_chain', message: expect.stringContaining('CN=lower') });
    }));

  test('a missing file is named', () =>
    withFolder(async (folder) => {
      await expect(loadPluggedInCa(folder)).rejects.toMatchObject({ code: 'missing_file', message: expect.stringContaining('ca-cert.pem') });
    }));

  test('a certificate that is no CA is refused', () =>
    withFolder(async (folder) => {
      const root = await rootMaterial();
      const { CertificateAuthority } = await import('./authority.js');
      const leaf = await new CertificateAuthority(root, { trustDomain: 'a' }).issueServer({ dnsNames: ['x'], ips: [] });
      await write(folder, { 'ca-cert.pem': leaf.certChainPem, 'ca-key.pem': leaf.privateKeyPem, 'root-cert.pem': leaf.rootPem });
      await expect(loadPluggedInCa(folder)).rejects.toMatchObject({ code: 'bad_certificate' });
    }));
});
