import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { parseNode } from '../model/proxy-node.js';
import { envoyBootstrap } from './envoy-bootstrap.js';
import { run } from './program.js';

/** As far as the tests look. */
interface Written {
  node: { id: string; cluster: string; metadata: Record<string, unknown> };
  admin: { address: { socket_address: { address: string; port_value: number } } };
  stats_flush_interval?: string;
  dynamic_resources: { ads_config: { api_type: string; grpc_services: [{ initial_metadata?: [{ key: string; value: string }] }] } };
  static_resources: { clusters: { name: string; type: string; transport_socket?: unknown }[]; listeners?: { name: string }[] };
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
    const { file, written } = await bootstrap(
      '--readiness-port',
      '15021',
      '--metrics-port',
      '15090',
      '--istio-metric-names',
      '--locality',
      'r/z/s',
      '--concurrency',
      '2',
    );
    expect(parseNode(written.node).metadata['ENVOY_PROMETHEUS_PORT']).toBe(15090);
    const { stderr } = await promisify(execFile)(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'warning']);
    expect(stderr).not.toMatch(/eprecated|no configured limit/);
  }, 20_000);

  test('PC-001, PC-006, PC-008: what the mesh says of the workload is followed, options before it', async () => {
    const { written } = await bootstrap('--plaintext', ...meshFiles());
    expect(written.admin.address.socket_address.port_value).toBe(15999);
    expect(written.static_resources.listeners?.[0]?.name).toBe('readiness');
    expect(written.node.cluster).toBe('web');
    expect(written.node.metadata).toMatchObject({ DNS_CAPTURE: 'true', MESH_ID: 'ours', NAMESPACE: 'shop' });
    expect(written.static_resources.clusters.map(({ name }) => name)).toEqual(expect.arrayContaining(['envoy_metrics_service', 'zipkin', 'patched']));
    const other = await bootstrap('--plaintext', ...meshFiles(), '--admin-port', '15001');
    expect(other.written.admin.address.socket_address.port_value).toBe(15001);
  });

  test('PC-003: --print-args prints the flags for Envoy', async () => {
    const said: string[] = [];
    const log = jest.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    const warnings = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await bootstrap('--plaintext', '--print-args', ...meshFiles(), '--annotation', 'proxy.istio.io/config=drainDuration: 7s');
    log.mockRestore();
    warnings.mockRestore();
    expect(said.join('')).toMatch(/^--drain-time-s 7 .*--concurrency 3\n$/);
    expect(await run(['node', 'mizzen', 'bootstrap', '--namespace', 'a', '--name', 'b', '--ip', '127.0.0.1', '--print-args'])).toBe(2);
  });

  test('PC-019: a bootstrap of the user’s own is merged over it', async () => {
    const over = join(folder, 'override.yaml');
    writeFileSync(over, 'stats_flush_interval: 3s\nadmin: { address: { socket_address: { port_value: 15777 } } }\n');
    const { written } = await bootstrap('--plaintext', '--override', over);
    expect(written.stats_flush_interval).toBe('3s');
    expect(written.admin.address.socket_address).toMatchObject({ address: '127.0.0.1', port_value: 15777 });
    writeFileSync(over, 'stats_flush_intervall: 3s\n');
    expect(
      await run(['node', 'mizzen', 'bootstrap', '--namespace', 'a', '--name', 'b', '--ip', '127.0.0.1', '--plaintext', '--override', over]),
    ).toBe(1);
  });

  test('EF-015, PC-007, PC-010, PC-015, PC-018: a real Envoy accepts what a mesh makes of it, when there is one', async () => {
    const envoy = process.env['MIZZEN_ENVOY'] ?? knownEnvoy();
    if (envoy === undefined) return;
    const { file } = await bootstrap(...meshFiles());
    const { stderr } = await promisify(execFile)(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'error']);
    expect(stderr).not.toMatch(/error/i);
  }, 20_000);

  test('without a proof of who it is there is no TLS to the control plane', () => {
    const made = envoyBootstrap({
      id: 'x',
      cluster: 'x',
      metadata: {},
      xds: { host: '::1', port: 1 },
      variant: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
      settings: { clusters: [], stats_config: {}, stats_sinks: [], runtime: {}, connectionLimit: 1 },
    });
    expect(JSON.stringify(made)).not.toContain('transport_socket"');
  });
});

/** A mesh that says something of every part of a bootstrap. */
function meshFiles(): string[] {
  const [resources, settings] = [join(folder, 'mesh.yaml'), join(folder, 'mesh-config.yaml')];
  writeFileSync(
    resources,
    `
{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: all, namespace: shop}, spec: {concurrency: 3, environmentVariables: {ISTIO_META_DNS_CAPTURE: 'true'}}}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: boot, namespace: shop }
spec:
  configPatches:
    - applyTo: BOOTSTRAP
      patch: { operation: MERGE, value: { static_resources: { clusters: [{ name: patched, connect_timeout: 1s, type: STATIC }] } } }
`,
  );
  writeFileSync(
    settings,
    `
defaultConfig:
  proxyAdminPort: 15999
  statusPort: 15998
  meshId: ours
  serviceCluster: web
  statsdUdpAddress: 127.0.0.1:8125
  envoyMetricsService: { address: 'metrics.example:15000' }
  envoyAccessLogService: { address: 'logs.example:15001' }
  tracing: { zipkin: { address: 'zipkin.example:9411' } }
  proxyStatsMatcher: { inclusionPrefixes: [http], inclusionRegexps: ['tcp.*'] }
  extraStatTags: [shop]
  runtimeValues: { envoy.reloadable_features.http_reject_path_with_fragment: 'false' }
`,
  );
  return ['--config', resources, '--mesh-config', settings];
}

/** The one that set-up has put into the checkout; this test fetches nothing. */
function knownEnvoy(): string | undefined {
  const path = new URL('../../.venv/envoy-1.40.0/envoy/_bin/envoy', import.meta.url).pathname;
  return existsSync(path) ? path : undefined;
}
