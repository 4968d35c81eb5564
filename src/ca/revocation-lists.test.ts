import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ClientCertificateAuthenticator } from './authenticators/client-certificate.js';
import { CertificateAuthority } from './authority.js';
import { loadPluggedInCa } from './cacerts.js';
import { certificatePem, crlsPem } from './pem.js';
import { SignerReload } from './signer-reload.js';
import { parseCertificates, type SigningMaterial } from './signing-material.js';
import { intermediateOf, materialOf, reviews, rootMaterial, withFolder } from './testing/material.js';
import { KeyUsageFlags, type X509Certificate, X509CrlGenerator } from './x509.js';

const day = 86_400_000;

async function listOf(signer: SigningMaterial, revoked: readonly X509Certificate[] = [], nextUpdate = new Date(Date.now() + day)): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: signer.certificate.subjectName,
    thisUpdate: new Date(Date.now() - 2 * day),
    nextUpdate,
    signingKey: signer.key,
    signingAlgorithm: { name: signer.key.algorithm.name, hash: 'SHA-256' },
    entries: revoked.map(({ serialNumber }) => ({ serialNumber, revocationDate: new Date(Date.now() - day) })),
  });
  return crlsPem([list]);
}

interface Plugged {
  readonly folder: string;
  readonly root: SigningMaterial;
  readonly signer: SigningMaterial;
  readonly write: (crl: string) => Promise<void>;
}

/** A folder with an intermediate that may sign lists, unless told otherwise. */
const withCa = (use: (ca: Plugged) => Promise<void>, usages = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign) =>
  withFolder(async (folder) => {
    const root = await rootMaterial();
    const rootPem = certificatePem(root.certificate);
    const ca = await intermediateOf(root, { name: 'plugged', usages });
    const files = { 'ca-cert.pem': ca.certificate, 'ca-key.pem': ca.key, 'root-cert.pem': rootPem };
    const put = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      await chmod(join(folder, name), 0o600);
    };
    for (const [name, text] of Object.entries(files)) await put(name, text);
    await use({ folder, root, signer: await materialOf(ca, rootPem), write: (crl) => put('ca-crl.pem', crl) });
  });

describe('CA-014 revocation lists of a plugged-in CA', () => {
  test('proxies get them with the roots, and who was revoked is let in no more, while the server runs', () =>
    withCa(async ({ folder, root, signer, write }) => {
      const authority = new CertificateAuthority(await loadPluggedInCa(folder), { trustDomain: 'cluster.local' });
      const { certChainPem, crlPem } = await authority.issueWorkload({ identity: reviews });
      expect(crlPem).toBeUndefined();
      const chain = parseCertificates({ name: 'chain', text: certChainPem });
      const chainDer = chain.map(({ rawData }) => new Uint8Array(rawData));
      const authenticate = () => new ClientCertificateAuthenticator(authority).authenticate({ tls: { chainDer }, headers: {} });
      await expect(authenticate()).resolves.toEqual(reviews);

      const lists = (await listOf(signer, chain.slice(0, 1))) + (await listOf(root));
      await write(lists);
      const reload = new SignerReload({ authority, load: () => loadPluggedInCa(folder), everyMs: 3_600_000 });
      await reload.reload();
      reload.close();
      expect((await authority.issueWorkload({ identity: reviews })).crlPem).toBe(lists);
      await expect(authenticate()).rejects.toThrow('was revoked');
    }));

  test('a CA that was revoked takes its certificates with it', () =>
    withCa(async ({ folder, root, signer, write }) => {
      const authority = new CertificateAuthority(await loadPluggedInCa(folder), { trustDomain: 'cluster.local' });
      const { certChainPem } = await authority.issueWorkload({ identity: reviews });
      const chainDer = parseCertificates({ name: 'chain', text: certChainPem }).map(({ rawData }) => new Uint8Array(rawData));
      await write((await listOf(signer)) + (await listOf(root, [signer.certificate])));
      authority.replaceSigner(await loadPluggedInCa(folder));
      await expect(new ClientCertificateAuthenticator(authority).authenticate({ tls: { chainDer }, headers: {} })).rejects.toThrow('was revoked');
    }));

  test.each<[what: string, crl: (ca: Plugged) => Promise<string>, message: string]>([
    ['something else', async () => 'no PEM', 'holds no revocation list'],
    ['no list of the root', async ({ signer }) => listOf(signer), 'has no list of "O='],
    ['a list of a stranger', async ({ root }) => (await listOf(await rootMaterial())) + (await listOf(root)), 'not signed by a CA of this chain'],
    [
      'a list that is out of date',
      async ({ signer, root }) => (await listOf(signer, [], new Date(Date.now() - 1000))) + (await listOf(root)),
      'out of date',
    ],
  ])('%s is refused and named: Envoys would refuse every peer', (_, crl, message) =>
    withCa(async (ca) => {
      await ca.write(await crl(ca));
      await expect(loadPluggedInCa(ca.folder)).rejects.toMatchObject({ code: 'bad_crl', message: expect.stringMatching(/ca-crl\.pem: /) });
      await expect(loadPluggedInCa(ca.folder)).rejects.toThrow(message);
    }),
  );

  test('a list of a CA that may sign none is refused', () =>
    withCa(async ({ folder, root, signer, write }) => {
      await write((await listOf(signer)) + (await listOf(root)));
      await expect(loadPluggedInCa(folder)).rejects.toThrow('cRLSign');
    }, KeyUsageFlags.keyCertSign));
});
