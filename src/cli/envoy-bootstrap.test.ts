import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { parseNode } from '../model/proxy-node.js';
import { envoyBootstrap } from './envoy-bootstrap.js';
import { run } from './program.js';

/** As far as the tests look. */
interface Written {
  node: { id: string; metadata: Record<string, unknown> };
  dynamic_resources: { ads_config: { api_type: string; grpc_services: [{ initial_metadata?: [{ key: string; value: string }] }] } };
  static_resources: { clusters: { type: string; transport_socket?: unknown }[] };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function bootstrap(...more: string[]): Promise<{ file: string; written: Written }> {
  const file = join(folder, 'envoy.json');
  const words = ['--namespace', 'shop', '--service-account', 'web', '--name', 'web-1', '--ip', '127.0.0.21', '--data-dir', join(folder, 'data')];
  expect(await run(['node', 'mizzen', 'bootstrap', ...words, '--output', file, ...more])).toBe(0);
  return { file, written: JSON.parse(readFileSync(file, 'utf8')) as Written };
}

describe('mizzen bootstrap', () => {
  test('XD-018 describes the workload and holds a token for it, in a file for its owner only', async () => {
    const { file, written } = await bootstrap('--label', 'app=web', '--label', 'version=v1', '--interception', 'NONE', '--type', 'router');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const proxy = parseNode(written.node);
    expect(proxy).toMatchObject({
      type: 'router',
      name: 'web-1',
      namespace: 'shop',
      serviceAccount: 'web',
      certificates: 'ads',
      interceptionMode: 'NONE',
    });
    expect(proxy.labels).toEqual({ app: 'web', version: 'v1' });
    const [{ initial_metadata }] = written.dynamic_resources.ads_config.grpc_services;
    expect(initial_metadata?.[0].key).toBe('authorization');
    const claims = decodeJwt((initial_metadata?.[0].value ?? '').replace('Bearer ', ''));
    expect(claims.sub).toBe('spiffe://cluster.local/ns/shop/sa/web');
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(30 * 24 * 3600);
  });

  test('a name is resolved, plaintext holds neither token nor TLS, and the variant is as asked', async () => {
    const { written } = await bootstrap('--xds-address', 'mizzen.example:15010', '--plaintext', '--variant', 'sotw');
    expect(written.static_resources.clusters[0]?.type).toBe('STRICT_DNS');
    expect(written.static_resources.clusters[0]?.transport_socket).toBeUndefined();
    expect(written.dynamic_resources.ads_config.api_type).toBe('GRPC');
    expect(written.dynamic_resources.ads_config.grpc_services[0].initial_metadata).toBeUndefined();
  });

  test('an existing file that others may read becomes private', async () => {
    const file = join(folder, 'envoy.json');
    writeFileSync(file, '', { mode: 0o644 });
    await bootstrap();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('a real Envoy accepts it with everything on, when there is one', async () => {
    const envoy = process.env['MIZZEN_ENVOY'] ?? knownEnvoy();
    if (envoy === undefined) return;
    const { file } = await bootstrap('--readiness-port', '15021', '--locality', 'r/z/s', '--concurrency', '2');
    const { stderr } = await promisify(execFile)(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'warning']);
    expect(stderr).not.toMatch(/eprecated|no configured limit/);
  }, 20_000);

  test('without a proof of who it is there is no TLS to the control plane', () => {
    const made = envoyBootstrap({
      id: 'x',
      cluster: 'x',
      metadata: {},
      xds: { host: '::1', port: 1 },
      variant: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
    });
    expect(JSON.stringify(made)).not.toContain('transport_socket"');
  });
});

/** The one that set-up has put into the checkout; this test fetches nothing. */
function knownEnvoy(): string | undefined {
  const path = new URL('../../.venv/envoy-1.40.0/envoy/_bin/envoy', import.meta.url).pathname;
  return existsSync(path) ? path : undefined;
}
