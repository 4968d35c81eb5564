/**
 * Injected pods without Istio's agent: what `mizzen inject` makes of a pod is run as a kubelet would, in network namespaces. iptables rules, bootstrap,
 * token, probes and draining are those of the pod. Needs root, iproute2 and iptables; without them every test here shows up as skipped.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { findEnvoy } from '../scripts/envoy.mjs';
import type { Pod as PodObject } from '../src/injection/pod.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { get } from './harness/mesh-pods.js';
import { type Mizzen, startMizzen } from './harness/mizzen.js';
import { type Kubelet, runInjected } from './harness/pod-kubelet.js';
import { type Pod, type PodNetwork, podNetwork, podsMissing } from './harness/pods.js';
import { checkout, node, type Running, run, start } from './harness/processes.js';
import { measured } from './harness/report.js';
import { until } from './harness/wait.js';

const missing = podsMissing();
const title = missing ? `injected pods with a stock Envoy (skipped: ${missing})` : 'injected pods with a stock Envoy';
const entry = join(checkout, 'bin', 'mizzen.js');
const NET = 7;

(missing ? describe.skip : describe)(title, () => {
  let folder: string;
  let network: PodNetwork;
  let mizzen: Mizzen;
  let envoy: string;
  let app: Running;
  const pods: Record<string, Pod> = {};
  const kubelets: Record<string, Kubelet> = {};
  const objects: Record<string, PodObject> = {};

  const serve = (): Promise<Mizzen> =>
    startMizzen({
      config: join(folder, 'mesh'),
      dataDir: join(folder, 'data'),
      xdsTls: `${network.hubIp}:15012`,
      within: network.inHub,
      logFile: join(folder, 'mizzen.log'),
    });
  const token = async (account: string): Promise<string> =>
    (await run(node, [entry, 'token', 'create', '--namespace', 'shop', '--service-account', account, '--data-dir', join(folder, 'data')])).trim();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-injected-'));
    chmodSync(folder, 0o755);
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    network = await podNetwork(NET);
    envoy = join(folder, 'envoy');
    copyFileSync(await findEnvoy(), envoy);
    chmodSync(envoy, 0o755);
    const names = ['web', 'client'];
    for (const name of names) pods[name] = await network.pod(name, { transparent: false });
    // The API server would have both; their labels are the injected ones.
    const settings = join(folder, 'inject.yaml');
    writeFileSync(settings, JSON.stringify({ defaultTemplates: ['envoy'], values: { envoy: { xdsAddress: `${network.hubIp}:15012` } } }));
    const text = readFileSync(join(checkout, 'e2e/testdata/injected.yaml'), 'utf8');
    for (const name of names) {
      const file = join(folder, `${name}.yaml`);
      writeFileSync(file, text.split('---\n').find((part) => part.includes(`name: ${name},`)) ?? '');
      objects[name] = parse(await run(node, [entry, 'inject', '-f', file, '--inject-config', settings])) as PodObject;
    }
    mkdirSync(join(folder, 'mesh'));
    write();
    mizzen = await serve();
    const { rootPem } = JSON.parse(readFileSync(join(folder, 'data', 'trust.json'), 'utf8')) as { rootPem: string };
    for (const [index, name] of names.entries()) {
      const own = join(folder, 'pods', name);
      mkdirSync(own, { recursive: true });
      kubelets[name] = await runInjected(`mz${process.pid}n${NET}p${index + 1}`, pods[name]!, objects[name]!, {
        folder: own,
        token: await token(name),
        rootPem,
        envoy,
      });
    }
    app = startApp();
    await app.waitFor(/"listening"/);
    for (const name of names)
      await until(`${name} to be ready`, async () => (await fromNode(name, 15021, '/healthz/ready')) === 200, { timeoutMs: 40_000 });
  }, 180_000);
  afterAll(cleanup, 60_000);

  const startApp = (): Running => {
    const file = join(folder, 'app.mjs');
    copyFileSync(join(checkout, 'examples/shop/app.mjs'), file);
    const env = { SERVICE: 'web', HOST: '0.0.0.0', PORT: '8080' };
    return start({ name: 'app', command: node, args: [file], within: pods['web']!.asApp, env, logFile: join(folder, 'app.log') });
  };

  /** The mesh as the API server would show it. */
  function write(fault = ''): void {
    const pod = (name: string): object => ({
      ...objects[name],
      status: { phase: 'Running', podIP: pods[name]!.ip, podIPs: [{ ip: pods[name]!.ip }], conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const rest = readFileSync(join(checkout, 'e2e/testdata/injected-mesh.yaml'), 'utf8');
    const all = [...Object.keys(objects).map((name) => JSON.stringify(pod(name))), rest.replace('FAULT', fault)];
    writeFileSync(join(folder, 'mesh', 'all.yaml'), all.join('\n---\n'));
  }

  /** The status of a request from the node, as a kubelet makes it; 0 when there is none. */
  async function fromNode(name: string, port: number, path: string): Promise<number> {
    const [command = '', ...rest] = network.inHub;
    const script = `fetch('http://${pods[name]!.ip}:${port}${path}',{signal:AbortSignal.timeout(3000)}).then((r)=>console.log(r.status),()=>console.log(0))`;
    return Number(await run(command, [...rest, node, '-e', script]));
  }

  const askWeb = async (): Promise<{ status: number; peer?: string }> => {
    const { status, body } = await get(pods['client']!, 'http://10.96.0.20/', { headers: { host: 'web.shop' } });
    return { status, ...(status === 200 && { peer: (JSON.parse(body) as { peer: string }).peer }) };
  };

  test('IN-007, AG-001: traffic of both pods goes through their Envoys, by mutual TLS', async () => {
    await until('the client to reach web', async () => (await askWeb()).status === 200, { timeoutMs: 20_000 });
    expect((await askWeb()).peer).toBe('spiffe://cluster.local/ns/shop/sa/client');
    expect(await fromNode('web', 8080, '/')).toBe(0);
  });

  test("IN-012: the kubelet's probes are answered by Envoy, though the workload takes no plaintext", async () => {
    const { readinessProbe, livenessProbe } = objects['web']!.spec!.containers![0]!;
    const of = (probe: typeof readinessProbe): [number, string] => [Number(probe!.httpGet!.port), probe!.httpGet!.path!];
    await until('the port to be watched', async () => (await fromNode('web', ...of(livenessProbe))) === 200, { timeoutMs: 10_000 });
    expect(await fromNode('web', ...of(readinessProbe))).toBe(200);
    await app.stop();
    expect(await fromNode('web', ...of(readinessProbe))).toBe(503);
    await until('the closed port to be noticed', async () => (await fromNode('web', ...of(livenessProbe))) === 503, { timeoutMs: 10_000 });
    app = startApp();
    await app.waitFor(/"listening"/);
  });

  test('CA-004: a renewed token is used for the next stream, without a restart of Envoy', async () => {
    const before = (await run(node, [entry, 'token', 'list', '--json', '--data-dir', join(folder, 'data')])).trim();
    const ids = (JSON.parse(before) as { id: string }[]).map(({ id }) => id);
    for (const name of ['web', 'client']) kubelets[name]!.renewToken(await token(name));
    await run(node, [entry, 'token', 'revoke', ...ids, '--data-dir', join(folder, 'data')]);
    await mizzen.stop();
    mizzen = await serve();
    write('fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }');
    await until('the change to arrive', async () => (await askWeb()).status === 418, { timeoutMs: 30_000 });
    write();
    await until('the change to go', async () => (await askWeb()).status === 200, { timeoutMs: 30_000 });
    expect(kubelets['web']!.envoy.alive()).toBe(true);
  });

  test('AG-002: when the pod begins to end, its connections are told to go', async () => {
    const { lifecycle } = objects['web']!.spec!.initContainers!.find(({ name }) => name === 'istio-proxy')!;
    const answer = await kubelets['web']!.exec(lifecycle!.preStop!.exec!.command!);
    measured(`drain: ${answer.split('\r\n')[0]}`);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK/);
    expect((await askWeb()).status).toBe(200);
    const stats = await get(pods['web']!, 'http://127.0.0.1:15000/stats?filter=downstream_cx_drain_close', {}, pods['web']!.asEnvoy);
    const drained = stats.body.split('\n').reduce((sum, line) => sum + Number(line.split(': ')[1] ?? 0), 0);
    expect(drained).toBeGreaterThan(0);
  });
});
