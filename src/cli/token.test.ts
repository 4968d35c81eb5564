import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { JoinTokenVerifier } from '../ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../ca/join-token-key.js';
import { Revocations } from '../ca/revocations.js';
import { withFolder } from '../ca/testing/material.js';
import { run } from './program.js';

let out = '';
let err = '';
beforeEach(() => {
  out = '';
  err = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  jest.spyOn(console, 'error').mockImplementation((text) => void (err += `${text}\n`));
});
afterEach(() => {
  jest.restoreAllMocks();
});

async function token(...words: string[]): Promise<string> {
  out = '';
  expect(await run(['node', 'mizzen', 'token', ...words])).toBe(0);
  return out;
}

test('a token that was created is listed, joins, and after its revocation does not', async () => {
  await withFolder(async (folder) => {
    const data = ['--data-dir', folder];
    const made = (await token('create', '--namespace', 'shop', '--service-account', 'web', '--ttl', '1m', ...data)).trim();
    const verifier = new JoinTokenVerifier({
      key: await loadOrCreateJoinTokenKey(folder),
      trustDomain: 'cluster.local',
      revocations: new Revocations(folder),
    });
    await expect(verifier.verify(made)).resolves.toMatchObject({ namespace: 'shop', serviceAccount: 'web' });

    const [entry] = JSON.parse(await token('list', '--json', ...data)) as { id: string }[];
    expect(entry).toMatchObject({ state: 'valid', identity: 'spiffe://cluster.local/ns/shop/sa/web' });
    expect(err).toContain(entry?.id);
    expect(await token('list', ...data)).toMatch(/^ID +STATE +EXPIRES +IDENTITY\n\S+ +valid /);

    expect(await token('revoke', entry?.id ?? '', ...data)).toBe(`${entry?.id} revoked\n`);
    await expect(verifier.verify(made)).rejects.toMatchObject({ code: 'revoked' });
    expect(await token('list', ...data)).toContain('revoked');
  });
});

test('the list holds no token and nobody else may read it', async () => {
  await withFolder(async (folder) => {
    const made = (await token('create', '--namespace', 'shop', '--data-dir', folder)).trim();
    const path = join(folder, 'join-tokens', 'issued');
    expect(await readFile(path, 'utf8')).not.toContain(made.split('.')[2]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

test('an id from elsewhere is revoked too and that is said; what is no id is refused', async () => {
  await withFolder(async (folder) => {
    expect(await token('revoke', 'abc', '--data-dir', folder)).toContain('not on the list');
    expect(await run(['node', 'mizzen', 'token', 'revoke', 'a b', '--data-dir', folder])).toBe(1);
    expect(err).toContain('not the id of a join token');
  });
});

test('names that can be no identity and lifetimes that are none fail', async () => {
  await withFolder(async (folder) => {
    expect(await run(['node', 'mizzen', 'token', 'create', '--namespace', 'a/b', '--data-dir', folder])).toBe(1);
    expect(await run(['node', 'mizzen', 'token', 'create', '--namespace', 'a', '--ttl', 'soon', '--data-dir', folder])).toBe(2);
  });
});
