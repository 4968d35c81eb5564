import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { certificatePem } from '../ca/pem.js';
import { parseCertificates } from '../ca/signing-material.js';
import { rootMaterial, withFolder } from '../ca/testing/material.js';
import { writeTrustNote } from '../server/trust.js';
import { run } from './program.js';

let out = '';
let err = '';
beforeEach(() => {
  [out, err] = ['', ''];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  jest.spyOn(console, 'error').mockImplementation((text) => void (err += `${text}\n`));
});
afterEach(() => {
  jest.restoreAllMocks();
});

test('CA-012 the roots of the mesh are printed for whoever joins it, all of them while two overlap', async () => {
  await withFolder(async (folder) => {
    expect(await run(['node', 'mizzen', 'ca', 'root', '--data-dir', folder])).not.toBe(0);
    expect(err).toContain('no control plane has run here yet');
    const roots = [await rootMaterial(), await rootMaterial()].map(({ certificate }) => certificatePem(certificate));
    writeTrustNote(folder, { trustDomain: 'cluster.local', rootPem: roots.join('') });
    expect(await run(['node', 'mizzen', 'ca', 'root', '--data-dir', folder])).toBe(0);
    expect(parseCertificates({ name: 'out', text: out })).toHaveLength(2);
    expect(out).toBe(roots.join(''));
  });
});
