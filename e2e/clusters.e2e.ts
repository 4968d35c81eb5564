/**
 * Two clusters on two networks, a gateway between them (docs/guides/several-clusters.md, its files as they are): pods of one network have no way to
 * those of the other but through the gateways, by mutual TLS. Needs what pods.e2e.ts needs.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { burstFrom, get, loadFrom, type PodMesh, startPodMesh } from './harness/mesh-pods.js';
import { type Pod, podsMissing } from './harness/pods.js';
import { checkout, run } from './harness/processes.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const missing = podsMissing();
const title = missing ? `several clusters (skipped: ${missing})` : 'several clusters';
const guide = 'examples/guides/several-clusters';
const host = { host: 'echo.app' };
const echo = { main: 'http://10.96.1.1/', north: 'http://10.97.1.1/' };
const mcs = (kind: string, spec = ''): string =>
  `{ apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ${kind}, metadata: { name: echo, namespace: app }, spec: { ${spec} } }\n`;
/** Address in the guide's files → pod. The gateways' load balancers are the gateways themselves. */
const addresses: Readonly<Record<string, string>> = {
  '10.0.0.1': 'v1',
  '10.0.0.4': 'client',
  '10.0.0.90': 'gateway',
  '203.0.113.1': 'gateway',
  '10.20.0.1': 'v4',
  '10.20.0.4': 'client-north',
  '10.20.0.90': 'gateway-north',
  '203.0.113.2': 'gateway-north',
};
const networks = { main: ['v1', 'client', 'gateway'], north: ['v4', 'client-north', 'gateway-north'] } as const;

(missing ? describe.skip : describe)(title, () => {
  let mesh: PodMesh;
  const pods: Record<string, Pod> = {};
  const pod = (name: string): Pod => {
    const found = pods[name];
    if (!found) throw new Error(`no pod is called ${name}`);
    return found;
  };
  const filled = (file: string): string =>
    readFileSync(join(checkout, file), 'utf8').replace(/\b(10\.0\.0|10\.20\.0|203\.0\.113)\.\d+\b/g, (ip) => pod(addresses[ip] ?? ip).ip);
  const write = (folder: 'mesh' | 'north', name: string, text: string): void => writeFileSync(join(mesh.folder, folder, name), text);
  const answers = async (from: string, url: string, total = 60, headers = host): Promise<Readonly<Record<string, number>>> => {
    const { labels, failed, failures } = await burstFrom(pod(from), { url, headers, total });
    return failed === 0 ? labels : { ...labels, failed, ...failures };
  };

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-clusters-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    for (const name of ['mesh', 'north']) mkdirSync(join(folder, name));
    const meshConfig = join(folder, 'mesh-config.yaml');
    writeFileSync(meshConfig, "serviceSettings: [{ settings: { clusterLocal: true }, hosts: ['home.app.svc.cluster.local'] }]\n");
    mesh = await startPodMesh(folder, 9, meshConfig, {
      args: ['--cluster', 'main', '--remote-cluster', `north=${join(folder, 'north')}`, '--mcs', 'host'],
    });
    for (const name of [...networks.main, ...networks.north]) pods[name] = await mesh.network.pod(name, { transparent: !name.startsWith('gateway') });
    await separate();
    for (const cluster of ['mesh', 'north'] as const) write(cluster, 'exports.yaml', mcs('ServiceExport'));
    write('mesh', 'base.yaml', filled('e2e/testdata/clusters.yaml'));
    for (const name of ['main', 'gateway']) write('mesh', `${name}.yaml`, filled(`${guide}/${name}.yaml`));
    write('north', 'base.yaml', filled('e2e/testdata/clusters-north.yaml'));
    for (const name of ['cluster', 'pods']) write('north', `${name}.yaml`, filled(`${guide}/north/${name}.yaml`));
    const mesher = { 'security.istio.io/tlsMode': 'istio' };
    for (const [cluster, [server, client, gateway]] of Object.entries(networks)) {
      const locality = cluster === 'main' ? 'east/a' : 'north/a';
      await mesh.app(pod(server), 8080, { SERVICE: 'echo', VERSION: server });
      const labels = { app: 'echo', version: server, ...mesher };
      await mesh.sidecar(pod(server), { namespace: 'app', serviceAccount: 'echo', labels, locality, cluster });
      await mesh.sidecar(pod(client), { namespace: 'app', serviceAccount: 'client', labels: { app: 'client', ...mesher }, locality, cluster });
      await mesh.sidecar(pod(gateway), {
        namespace: 'istio-system',
        serviceAccount: 'eastwest',
        type: 'router',
        labels: { istio: 'eastwestgateway' },
        cluster,
        networkView: `${cluster}-net`,
      });
    }
    for (const [from, url] of [
      ['client', echo.main],
      ['client-north', echo.north],
    ] as const)
      await until(
        `${from} to reach both`,
        async () =>
          Object.keys(await answers(from, url, 20))
            .sort()
            .join() === 'echo v1,echo v4',
        {
          timeoutMs: 30_000,
        },
      );
  }, 240_000);
  afterAll(cleanup, 60_000);

  /** No connection can be made from a pod of one network to a pod of the other, gateways aside. Answers pass. */
  async function separate(): Promise<void> {
    const [command = '', ...rest] = mesh.network.inHub;
    const drop = (from: string, to: string) =>
      run(command, [...rest, 'iptables', '-A', 'FORWARD', '-p', 'tcp', '--syn', '-s', pod(from).ip, '-d', pod(to).ip, '-j', 'DROP']);
    for (const [server, client, gateway] of [networks.main, networks.north]) {
      const [otherServer, otherClient] = server === 'v1' ? networks.north : networks.main;
      for (const from of [server, client]) for (const to of [otherServer, otherClient]) await drop(from, to);
      for (const to of [otherServer, otherClient]) await drop(gateway, to);
    }
  }

  test.each([
    ['client', echo.main],
    ['client-north', echo.north],
  ])(
    'CL-003, CL-006: %s calls its own address of the service, and the endpoints of both clusters answer, the far one through its gateway',
    async (from, url) => {
      const labels = await answers(from, url, 200);
      measured(`${from}, both clusters: ${JSON.stringify(labels)}`);
      expect(Object.keys(labels).sort()).toEqual(['echo v1', 'echo v4']);
      for (const count of Object.values(labels)) expect(count).toBeGreaterThan(40);
    },
  );

  test('CL-008: the caller is known across networks: mutual TLS ends at the workload, not at the gateway', async () => {
    const peers = new Set<unknown>();
    for (let i = 0; i < 10; i++) peers.add((JSON.parse((await get(pod('client'), echo.main, { headers: host })).body) as { peer: string }).peer);
    expect([...peers]).toEqual(['spiffe://cluster.local/ns/app/sa/client']);
  });

  test('CL-009: a cluster-local service stays at home', async () => {
    const home = { host: 'home.app' };
    expect(await answers('client', 'http://10.96.1.2/', 60, home)).toEqual({ 'echo v1': 60 });
    expect(await answers('client-north', 'http://10.97.1.2/', 60, home)).toEqual({ 'echo v4': 60 });
  });

  test('SD-061: who does not export keeps its endpoints to itself; an import has a host that leads to all that export', async () => {
    const named = { host: 'echo.app.svc.clusterset.local' };
    const both = '{"echo v1":0,"echo v4":0}';
    const who = (labels: Readonly<Record<string, number>>): string =>
      JSON.stringify(
        Object.fromEntries(
          Object.keys(labels)
            .sort()
            .map((name) => [name, 0]),
        ),
      );
    write('mesh', 'import.yaml', mcs('ServiceImport', 'ips: [10.250.0.7]'));
    await until('the host of the import', async () => who(await answers('client', 'http://10.250.0.7/', 20, named)) === both);
    write('north', 'exports.yaml', '');
    await until('the endpoints of north to stay there', async () => who(await answers('client', echo.main, 20)) === '{"echo v1":0}');
    expect(await answers('client', echo.main)).toEqual({ 'echo v1': 60 });
    expect(await answers('client', 'http://10.250.0.7/', 60, named)).toEqual({ 'echo v1': 60 });
    expect(who(await answers('client-north', echo.north))).toBe(both);
    write('north', 'exports.yaml', mcs('ServiceExport'));
    await until('north to share again', async () => who(await answers('client', echo.main, 20)) === both);
  });

  test('CL-006, DR-012: near first, the other cluster when near fails, and back', async () => {
    write('mesh', 'rule.yaml', filled(`${guide}/rule.yaml`));
    await until('traffic to stay near', async () => JSON.stringify(await answers('client', echo.main, 20)) === '{"echo v1":20}');
    expect(await answers('client', echo.main)).toEqual({ 'echo v1': 60 });
    expect(await answers('client-north', echo.north)).toEqual({ 'echo v4': 60 });
    await behave(1);
    await until('the far cluster to take over', async () => JSON.stringify(await answers('client', echo.main, 10)) === '{"echo v4":10}', {
      everyMs: 50,
    });
    await behave(0);
    await until('traffic to come back', async () => JSON.stringify(await answers('client', echo.main, 20)) === '{"echo v1":20}', {
      timeoutMs: 20_000,
    });
  });

  /** Makes v1 fail every nth request; 0: none. */
  const behave = async (failEvery: number): Promise<void> => {
    const code = `await fetch('http://127.0.0.1:8080/behave', { method: 'PUT', body: '{"failEvery":${failEvery}}' })`;
    const [command = '', ...rest] = pod('v1').asEnvoy;
    await run(command, [...rest, process.execPath, '--input-type=module', '-e', code]);
  };

  test('CL-004: a cluster that loses its endpoints costs the others no request', async () => {
    rmSync(join(mesh.folder, 'mesh', 'rule.yaml'));
    await until('both to answer', async () => Object.keys(await answers('client', echo.main, 20)).length === 2);
    const stop = loadFrom(pod('client'), { url: echo.main, headers: host, perSecond: 100 });
    await sleep(1000);
    rmSync(join(mesh.folder, 'north', 'pods.yaml'));
    await sleep(2000);
    const result = await stop();
    measured(`a cluster goes: ${result.failed} of ${result.sent} failed ${JSON.stringify(result.failures)}, ${JSON.stringify(result.labels)}`);
    expect(result.failed).toBe(0);
    expect(await answers('client', echo.main)).toEqual({ 'echo v1': 60 });
    expect(await answers('client-north', echo.north)).toEqual({ 'echo v1': 60 });
  });

  test('XD-005: no Envoy refused anything', async () => {
    for (const name of Object.values(networks).flat()) {
      const { body } = await get(pod(name), 'http://127.0.0.1:15000/stats?filter=update_rejected', {}, pod(name).asEnvoy);
      const lines = body.trim().split('\n');
      expect(lines.length).toBeGreaterThan(1);
      expect({ name, refused: lines.filter((line) => !line.endsWith(': 0')) }).toEqual({ name, refused: [] });
    }
  });
});
