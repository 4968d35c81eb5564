import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { loadOrCreateJoinTokenKey } from './join-token-key.js';
import { createFolderOnce } from './key-files.js';
import { certificatePem } from './pem.js';
import { loadOrCreateRoot } from './root.js';
import { isCertificateAuthority, toNode } from './signing-material.js';
import { rootMaterial, withFolder } from './testing/material.js';

const options = { trustDomain: 'cluster.local' };
const mode = async (path: string) => (await stat(path)).mode & 0o777;

/** Loads or makes the root in a process of its own (Node runs the TypeScript itself) and returns the serial number that it saw. */
async function rootOfOwnProcess(data: string): Promise<string> {
  const resolveTypeScript = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => next(name.startsWith('.') && context.parentURL?.endsWith('.ts') ? name.replace(/\\.js$/, '.ts') : name, context) });`;
  const program = `const { loadOrCreateRoot } = await import(process.argv[1]);
    console.log((await loadOrCreateRoot(process.argv[2], { trustDomain: 'cluster.local' })).certificate.serialNumber);`;
  const loader = `data:text/javascript,${encodeURIComponent(resolveTypeScript)}`;
  const args = ['--no-warnings', '--import', loader, '--input-type=module', '-e', program, new URL('./root.ts', import.meta.url).href, data];
  return (await promisify(execFile)(process.execPath, args)).stdout.trim();
}

describe('CA-008 self-signed root', () => {
  test('is made once, with a closed folder and key, and loaded afterwards', () =>
    withFolder(async (data) => {
      const made = await loadOrCreateRoot(data, options);
      const loaded = await loadOrCreateRoot(data, options);
      expect(loaded.certificate.equal(made.certificate)).toBe(true);
      expect(await mode(join(data, 'ca'))).toBe(0o700);
      expect(await mode(join(data, 'ca', 'ca-key.pem'))).toBe(0o600);
      expect(await readdir(data)).toEqual(['ca']);
      expect(await readFile(join(data, 'ca', 'ca-cert.pem'), 'utf8')).toBe(certificatePem(made.certificate));
    }));

  test('is a CA for ten years on P-256, verified by OpenSSL', () =>
    withFolder(async (data) => {
      const { certificate, intermediates, roots, key } = await loadOrCreateRoot(data, options);
      const node = toNode(certificate);
      expect(node.ca && isCertificateAuthority(certificate) && node.verify(node.publicKey)).toBe(true);
      expect(node.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
      expect(node.subject).toContain('O=cluster.local');
      const years = (certificate.notAfter.getTime() - Date.now()) / (365.25 * 24 * 3600 * 1000);
      expect(years).toBeCloseTo(10, 1);
      expect(intermediates).toEqual([]);
      expect(roots).toHaveLength(1);
      expect(key.extractable).toBe(false);
    }));

  test('starters at the same time all get the same root and leave no drafts', () =>
    withFolder(async (data) => {
      const all = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateRoot(data, options)));
      expect(new Set(all.map((one) => one.certificate.serialNumber)).size).toBe(1);
      expect(await readdir(data)).toEqual(['ca']);
    }));

  test(
    'several processes that start together get the same root',
    () =>
      withFolder(async (data) => {
        const runs = await Promise.all(['1', '2', '3'].map(() => rootOfOwnProcess(data)));
        const { certificate } = await loadOrCreateRoot(data, options);
        expect(runs).toEqual([certificate.serialNumber, certificate.serialNumber, certificate.serialNumber]);
        expect(await readdir(data)).toEqual(['ca']);
      }),
    20_000,
  );

  test('a folder that is there is never replaced', () =>
    withFolder(async (data) => {
      const folder = join(data, 'x');
      expect(await createFolderOnce(folder, [{ name: 'a', content: 'first', isPrivate: true }])).toBe(true);
      expect(await createFolderOnce(folder, [{ name: 'a', content: 'late', isPrivate: true }])).toBe(false);
      expect(await readFile(join(folder, 'a'), 'utf8')).toBe('first');
      expect(await readdir(data)).toEqual(['x']);
    }));

  test.each([0o640, 0o604, 0o660, 0o644])('refuses a key file of mode %o and names the file and the fix', (bad) =>
    withFolder(async (data) => {
      await loadOrCreateRoot(data, options);
      const key = join(data, 'ca', 'ca-key.pem');
      await chmod(key, bad);
      await expect(loadOrCreateRoot(data, options)).rejects.toMatchObject({
        code: 'exposed_key',
        message: expect.stringContaining(`chmod 600 ${key}`),
      });
    }),
  );

  test('half a root is an error, not a reason for a new one', () =>
    withFolder(async (data) => {
      await loadOrCreateRoot(data, options);
      await rm(join(data, 'ca', 'ca-key.pem'));
      await expect(loadOrCreateRoot(data, options)).rejects.toMatchObject({ code: 'missing_file', message: expect.stringContaining('ca-key.pem') });
    }));

  test('a folder with foreign files is left alone', () =>
    withFolder(async (data) => {
      await mkdir(join(data, 'ca'));
      await writeFile(join(data, 'ca', 'notes.txt'), 'mine');
      await expect(loadOrCreateRoot(data, options)).rejects.toMatchObject({ code: 'missing_file' });
      expect(await readdir(join(data, 'ca'))).toEqual(['notes.txt']);
    }));

  test('a certificate of another key is refused', () =>
    withFolder(async (data) => {
      await loadOrCreateRoot(data, options);
      await writeFile(join(data, 'ca', 'ca-cert.pem'), certificatePem((await rootMaterial()).certificate));
      await expect(loadOrCreateRoot(data, options)).rejects.toMatchObject({ code: 'key_mismatch' });
    }));
});

describe('join token key', () => {
  test('is another key than the root, made once, mode 0600, refused when open', () =>
    withFolder(async (data) => {
      const root = await loadOrCreateRoot(data, options);
      const [a, b] = await Promise.all([loadOrCreateJoinTokenKey(data), loadOrCreateJoinTokenKey(data)]);
      expect(a.id).toBe(b.id);
      expect(toNode(root.certificate).checkPrivateKey(a.privateKey)).toBe(false);
      const file = join(data, 'join-tokens', 'key.pem');
      expect(await mode(file)).toBe(0o600);
      await chmod(file, 0o644);
      await expect(loadOrCreateJoinTokenKey(data)).rejects.toMatchObject({ code: 'exposed_key' });
    }));
});
