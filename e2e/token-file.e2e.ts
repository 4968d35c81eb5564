/** An agentless Envoy whose token is a file: it expires, the control plane restarts, the file is renewed, and the same Envoy is back. CA-020. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { startEnvoy } from './harness/envoy.js';
import { createToken, startMizzen, writeBootstrap } from './harness/mizzen.js';
import { freePort } from './harness/ports.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const service = (name: string): string => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: 10.96.0.${name.length}, ports: [{ name: http, port: 80 }] }
`;
const clusterOf = (name: string): string => `outbound|80||${name}.shop.svc.cluster.local`;

afterAll(cleanup, 60_000);

test('CA-020 an expired token is refused, and a renewed file lets the same Envoy in again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-token-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'mesh'));
  writeFileSync(join(folder, 'mesh', 'web.yaml'), service('web'));
  const adminPort = await freePort();
  const xdsPort = await freePort();
  const dataDir = join(folder, 'data');
  const xdsTls = `127.0.0.1:${xdsPort}`;
  const logFile = join(folder, 'mizzen.log');
  const serve = () => startMizzen({ config: join(folder, 'mesh'), dataDir, xdsTls, logFile });
  let mizzen = await serve();

  const output = join(folder, 'envoy.json');
  const tokenFile = join(folder, 'token');
  const workload = { namespace: 'shop', serviceAccount: 'web' };
  await writeBootstrap({
    ...workload,
    name: 'web-1',
    ip: '127.0.0.21',
    interception: 'NONE',
    adminPort,
    xdsAddress: xdsTls,
    dataDir,
    output,
    tokenFile,
    tokenTtl: '10s',
  });
  const first = readFileSync(tokenFile, 'utf8');
  expect(readFileSync(output, 'utf8')).not.toContain(first);
  const envoy = await startEnvoy({ name: 'web', bootstrap: output, adminPort });
  const has = async (name: string): Promise<boolean> => (await envoy.admin('clusters')).includes(clusterOf(name));
  await until('the first configuration', () => has('web'));

  // Five seconds of tolerance are beside it.
  await sleep(Math.max(0, (decodeJwt(first).exp ?? 0) * 1000 + 6_000 - Date.now()));
  await mizzen.stop();
  mizzen = await serve();
  writeFileSync(join(folder, 'mesh', 'cart.yaml'), service('cart'));
  await until('the refusal of the old token', async () => /expired|\\"exp\\"/.test(readFileSync(logFile, 'utf8')));
  await sleep(2_000);
  expect(await has('cart')).toBe(false);

  const begun = Date.now();
  await createToken({ ...workload, dataDir, ttl: '1m', output: tokenFile });
  expect(readFileSync(tokenFile, 'utf8')).not.toBe(first);
  await until('the new configuration', () => has('cart'));
  measured(`back ${Date.now() - begun} ms after the token was renewed`);
  expect(await envoy.stat('control_plane.connected_state')).toBe(1);
}, 120_000);
