/**
 * The guides that are command lines: the shell files of examples/guides are run as they stand (times and addresses aside) against a control plane
 * with two real Envoys and traffic between them. Needs no root, but openssl.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readTrustNote } from '../src/server/trust.js';
import { SECRET_TYPE } from '../src/views/type-urls.js';
import { delta } from '../test/features/xds-client.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { channel } from './harness/credentials.js';
import { checkout, node, run } from './harness/processes.js';
import { measured } from './harness/report.js';
import { bothHold, nameOf } from './harness/rotation-watch.js';
import { startTlsPair, type TlsPair } from './harness/tls-pair.js';
import { until } from './harness/wait.js';

afterAll(cleanup, 60_000);

/** A folder with a `mizzen` on the PATH, in which files of a guide are run; what they print. */
function workshop(): { folder: string; play: (file: string, instead?: Readonly<Record<string, string>>) => Promise<string> } {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-guides-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'mizzen'), `#!/bin/sh\nexec '${node}' '${join(checkout, 'bin/mizzen.js')}' "$@"\n`);
  chmodSync(join(bin, 'mizzen'), 0o755);
  return {
    folder,
    async play(file, instead = {}) {
      let text = readFileSync(join(checkout, 'examples/guides', file), 'utf8');
      for (const [written, used] of Object.entries(instead)) {
        expect(text).toContain(written);
        text = text.replaceAll(written, used);
      }
      const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, MIZZEN_DATA_DIR: join(folder, 'data') };
      return run('sh', ['-e', '-c', text], { env, cwd: folder });
    },
  };
}

/** Runs something under load; no request may fail. */
async function underLoad(pair: TlsPair, what: () => Promise<void>): Promise<void> {
  const loads = [pair.load('kept', 50), pair.load('fresh', 20)];
  const ended = await what().then(
    () => undefined,
    (error: unknown) => error,
  );
  for (const load of loads) {
    const { sent, failed, failures } = await load.stop();
    measured(`${failed} of ${sent} requests failed ${JSON.stringify(failures)}`);
    if (ended === undefined) expect(failed).toBe(0);
  }
  if (ended !== undefined) throw ended;
}

test('plugging-in-a-ca, CA-010: made, replaced, and put below a new root', async () => {
  const { folder, play } = workshop();
  await play('plugging-in-a-ca/1-make.sh');
  const pair = await startTlsPair(folder, 73, ['--cacerts', join(folder, 'cacerts'), '--ca-reload', '250ms']);
  await bothHold(pair, 'Mesh CA 1', ['Example root']);
  await underLoad(pair, async () => {
    await play('plugging-in-a-ca/2-replace.sh');
    await bothHold(pair, 'Mesh CA 2', ['Example root']);
    await play('plugging-in-a-ca/3-new-root.sh');
    await bothHold(pair, 'Mesh CA 2', ['Example root', 'Example root 2']);
    await play('plugging-in-a-ca/4-sign.sh');
    await bothHold(pair, 'Mesh CA 3', ['Example root', 'Example root 2']);
    await play('plugging-in-a-ca/5-drop.sh');
    await bothHold(pair, 'Mesh CA 3', ['Example root 2']);
  });
}, 90_000);

describe('a mesh with its own root', () => {
  const { folder, play } = workshop();
  const rootPem = (): string => readTrustNote(join(folder, 'data'))?.rootPem ?? '';
  let pair: TlsPair;

  /** Names of the secrets that the bearer of a token gets as the machine, or what it is refused for. */
  async function shows(token: string): Promise<string> {
    const call = delta(Number(pair.mizzen().xdsTls.split(':').at(-1)), channel(rootPem(), { authorization: `Bearer ${token}` }));
    const metadata = { NAMESPACE: 'app', SERVICE_ACCOUNT: 'depot', MIZZEN_CERTIFICATES: 'ads' };
    const machine = Node.fromPartial({ id: 'sidecar~10.0.0.21~depot-1.app~app.svc.cluster.local', metadata });
    call.send({ node: machine, typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default'] });
    const response = await call.poll(4000);
    call.stop();
    return response?.resources.map(({ name }) => name).join() ?? call.status?.details ?? 'nothing';
  }
  const token = (): string => readFileSync(join(folder, 'depot-1.token'), 'utf8').trim();

  test('tokens-for-machines, CA-020: one lets the machine join, is renewed, and counts no more once it is revoked', async () => {
    pair = await startTlsPair(folder, 74, ['--ca-reload', '250ms']);
    await play('tokens-for-machines/1-join.sh', { 'mizzen.internal:15012': pair.mizzen().xdsTls });
    const first = token();
    expect(await shows(first)).toBe('default');
    expect(JSON.parse(readFileSync(join(folder, 'depot-1.json'), 'utf8'))).toHaveProperty('node.metadata.NAMESPACE', 'app');
    await play('tokens-for-machines/2-renew.sh');
    const second = token();
    expect(second).not.toBe(first);
    expect(await shows(second)).toBe('default');
    const listed = await play('tokens-for-machines/3-revoke.sh');
    expect(listed).toContain('spiffe://cluster.local/ns/app/sa/depot');
    expect(listed).not.toContain(first);
    await until('the token to be refused', async () => (await shows(second)).includes('was revoked'));
    expect(await shows(first)).toBe('default');
  }, 120_000);

  test('rotating-roots, CA-009: both are trusted, the new one signs, the old one goes', async () => {
    const old = nameOf((await pair.held('client')).roots[0]?.subject ?? '');
    await underLoad(pair, async () => {
      // Long enough for the two commands, each a process, on a busy machine.
      const said = await play('rotating-roots/rotate.sh', { '24h': '10s', '720h': '8s' });
      const next = [...said.matchAll(/^trusted: .*CN=([^,]*),/gm)].map(([, name = '']) => name).find((name) => name !== old) ?? '';
      expect(said).toMatch(/^rotation: the new root signs from /m);
      await bothHold(pair, old, [old, next]);
      await bothHold(pair, next, [old, next]);
      await bothHold(pair, next, [next]);
    });
    await play('rotating-roots/look.sh');
    await until('the note of the new root alone', () => rootPem().split('BEGIN').length === 2);
    expect(readFileSync(join(folder, 'depot-1.xds-roots.pem'), 'utf8')).toBe(rootPem());
  }, 120_000);
});
