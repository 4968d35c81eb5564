import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadPluggedInCa } from './cacerts.js';
import { certificatePem } from './pem.js';
import { generateRoot } from './root.js';
import { crossSign } from './rotation.js';
import { parseCertificates } from './signing-material.js';
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

  test('CA-010: a root that is cross-signed goes along, for peers that know it by the other root only', () =>
    withFolder(async (folder) => {
      const [old, fresh] = [await rootMaterial(), await rootMaterial()];
      const cross = certificatePem(await crossSign(fresh.certificate, old));
      const [oldPem, freshPem] = [certificatePem(old.certificate), certificatePem(fresh.certificate)];
      const lower = await intermediateOf(fresh, { name: 'lower' });
      const files = { 'ca-cert.pem': lower.certificate, 'ca-key.pem': lower.key };
      const named = (pem: string): string | undefined =>
        ({ [lower.certificate]: 'lower', [cross]: 'cross', [oldPem]: 'old', [freshPem]: 'fresh' })[pem];
      const chainOf = async (roots: string, chain: string): Promise<(string | undefined)[]> => {
        await write(folder, { ...files, 'root-cert.pem': roots, 'cert-chain.pem': chain });
        return (await loadPluggedInCa(folder)).intermediates.map((one) => named(certificatePem(one)));
      };
      for (const chain of [lower.certificate + cross, cross + lower.certificate, lower.certificate + freshPem + cross + oldPem])
        for (const roots of [freshPem, freshPem + oldPem, oldPem]) expect(await chainOf(roots, chain)).toEqual(['lower', 'cross']);
      expect(await chainOf(freshPem + oldPem, lower.certificate)).toEqual(['lower']);
      // A root that signs by itself goes along in the same way.
      const root = await generateRoot({ trustDomain: 'cluster.local' });
      const [certificate] = parseCertificates({ name: 'root', text: root.certificatePem });
      const signed = certificate && certificatePem(await crossSign(certificate, old));
      const own = await materialOf({ certificate: root.certificatePem, key: root.keyPem }, root.certificatePem + oldPem, signed);
      expect(own.intermediates.map(certificatePem)).toEqual([signed]);
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
