/** Tokens that are files: CA-020 for Envoys without an agent. With a real Envoy in e2e/token-file.e2e.ts. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { withFolder } from '../ca/testing/material.js';
import { run } from './program.js';

const WORKLOAD = ['--namespace', 'shop', '--service-account', 'web'];
const bootstrap = (folder: string, ...more: string[]): Promise<number> =>
  run(['node', 'mizzen', 'bootstrap', ...WORKLOAD, '--name', 'web-1', '--ip', '127.0.0.21', '--data-dir', join(folder, 'data'), ...more]);

test('CA-020 a bootstrap with --token-file holds no token, and a file that is there stays as it is', async () => {
  await withFolder(async (folder) => {
    const [output, tokenFile] = [join(folder, 'envoy.json'), join(folder, 'token')];
    expect(await bootstrap(folder, '--output', output, '--token-file', tokenFile)).toBe(0);
    const token = readFileSync(tokenFile, 'utf8');
    expect(decodeJwt(token).sub).toBe('spiffe://cluster.local/ns/shop/sa/web');
    for (const file of ['token', 'envoy.json', 'envoy.xds-token.json', 'envoy.xds-roots.json', 'envoy.xds-roots.pem'])
      expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(readFileSync(output, 'utf8')).not.toContain(token);
    expect(readFileSync(output, 'utf8')).toContain(join(folder, 'envoy.xds-token.json'));
    expect(readFileSync(join(folder, 'envoy.xds-token.json'), 'utf8')).toContain(JSON.stringify({ filename: tokenFile }));
    expect(readFileSync(join(folder, 'envoy.xds-roots.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');

    writeFileSync(tokenFile, 'of somebody else');
    expect(await bootstrap(folder, '--output', output, '--token-file', tokenFile)).toBe(0);
    expect(readFileSync(tokenFile, 'utf8')).toBe('of somebody else');
  });
});

test('a token is renewed in one step, for its owner only, and leaves no draft behind', async () => {
  await withFolder(async (folder) => {
    const err = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const out = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const output = join(folder, 'token');
    writeFileSync(output, 'old', { mode: 0o644 });
    expect(await run(['node', 'mizzen', 'token', 'create', ...WORKLOAD, '--data-dir', join(folder, 'data'), '--output', output])).toBe(0);
    expect(out.mock.calls).toEqual([]);
    expect(String(err.mock.calls[0]?.[0])).toMatch(/^token \S+ of shop\/web, good until /);
    jest.restoreAllMocks();
    expect(decodeJwt(readFileSync(output, 'utf8')).sub).toBe('spiffe://cluster.local/ns/shop/sa/web');
    expect(statSync(output).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['data', 'token']);
  });
});

test('--token-file needs a file for the bootstrap, and an identity to prove', async () => {
  await withFolder(async (folder) => {
    const said = jest.spyOn(console, 'error').mockReturnValue(undefined);
    expect(await bootstrap(folder, '--token-file', join(folder, 'token'))).toBe(2);
    expect(await bootstrap(folder, '--token-file', join(folder, 'token'), '--output', join(folder, 'e.json'), '--plaintext')).toBe(2);
    expect(said.mock.calls.flat().join('\n')).toContain('--token-file needs --output');
    jest.restoreAllMocks();
  });
});
