/**
 * Transparent sidecars: pods as network namespaces, traffic redirected to 15001 and 15006, original destinations, mutual TLS between real Envoys.
 * Needs root, iproute2 and iptables; without them every test here shows up as skipped.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { burstFrom, get, loadFrom, type PodMesh, startPodMesh } from './harness/mesh-pods.js';
import { type Pod, podsMissing } from './harness/pods.js';
import { checkout } from './harness/processes.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const missing = podsMissing();
const title = missing ? `transparent sidecars (skipped: ${missing})` : 'transparent sidecars';
const echoUrl = 'http://10.96.0.10/';
const host = { host: 'echo.pods' };

(missing ? describe.skip : describe)(title, () => {
  let mesh: PodMesh;
  const pods: Record<string, Pod> = {};

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-pods-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'mesh'));
    mesh = await startPodMesh(folder, 1);
    for (const name of ['echo-v1', 'echo-v2', 'client', 'sotw']) pods[name] = await mesh.network.pod(name);
    pods['plain'] = await mesh.network.pod('plain', { transparent: false });
    const yaml = readFileSync(join(checkout, 'e2e/testdata/pods.yaml'), 'utf8');
    write(
      'pods.yaml',
      yaml.replace(/IP-([a-z0-9-]+?)(?=[ ,}\n])/g, (_, name: string) => pod(name).ip),
    );
    for (const version of ['v1', 'v2']) {
      const there = pod(`echo-${version}`);
      await mesh.app(there, 8080, { SERVICE: 'echo', VERSION: version });
      await mesh.app(there, 8081, { SERVICE: 'echo-tcp', VERSION: version });
      await mesh.sidecar(there, {
        namespace: 'pods',
        serviceAccount: 'echo',
        labels: { app: 'echo', version, 'security.istio.io/tlsMode': 'istio' },
      });
    }
    await mesh.app(pod('plain'), 8080, { SERVICE: 'plain' });
    await mesh.sidecar(pod('client'), { namespace: 'pods', serviceAccount: 'client', labels: { app: 'client' } });
    await mesh.sidecar(pod('sotw'), { namespace: 'pods', serviceAccount: 'client', labels: { app: 'client' }, variant: 'sotw' });
    for (const from of ['client', 'sotw'])
      await until(`${from} to reach echo`, async () => (await get(pod(from), echoUrl, { headers: host })).status === 200);
  }, 180_000);
  afterAll(cleanup, 60_000);

  const pod = (name: string): Pod => {
    const found = pods[name];
    if (!found) throw new Error(`no pod is called ${name}`);
    return found;
  };
  const write = (file: string, text: string): void => writeFileSync(join(mesh.folder, 'mesh', file), text);

  test.each(['client', 'sotw'])('SD-001, PA-005: %s reaches a service by its cluster address, by mutual TLS (XD-001, XD-002)', async (from) => {
    const { peer } = JSON.parse((await get(pod(from), echoUrl, { headers: host })).body) as { peer: string };
    measured(`${from}: the server saw ${peer}`);
    expect(peer).toBe('spiffe://cluster.local/ns/pods/sa/client');
  });

  test('PA-009: plaintext to a STRICT workload gets no answer, from outside the mesh and from around the own sidecar', async () => {
    const target = `http://${pod('echo-v1').ip}:8080/`;
    const outside = await get(pod('plain'), target);
    const around = await get(pod('client'), target, {}, pod('client').asEnvoy);
    measured(`plaintext: ${outside.error}, ${around.error}`);
    expect([outside.status, around.status]).toEqual([0, 0]);
  });

  test('SD-001: a TCP port goes through the mesh as well', async () => {
    const answer = await get(pod('client'), 'http://10.96.0.10:9000/');
    expect(JSON.parse(answer.body)).toMatchObject({ service: 'echo-tcp' });
  });

  test('SC-009: ALLOW_ANY lets a client out to an address that nobody knows', async () => {
    const answer = await get(pod('client'), `http://${pod('plain').ip}:8080/`);
    expect(JSON.parse(answer.body)).toMatchObject({ service: 'plain' });
  });

  test('VS-020: 90 to 10, counted', async () => {
    write(
      'routes.yaml',
      virtualService([
        ['v1', 90],
        ['v2', 10],
      ]),
    );
    await until('the canary', async () => ((await burstFrom(pod('client'), { url: echoUrl, headers: host, total: 60 })).labels['echo v2'] ?? 0) > 0);
    const result = await burstFrom(pod('client'), { url: echoUrl, headers: host, total: 600 });
    measured(`canary: ${JSON.stringify(result.labels)}, ${result.failed} failed, p50 ${result.ms.p50} ms`);
    const share = (result.labels['echo v2'] ?? 0) / result.sent;
    expect(result.failed).toBe(0);
    expect(Math.abs(share - 0.1)).toBeLessThan(0.05);
  });

  test.each(['client', 'sotw'])(
    'XD-007: edits under load fail no request: subset added, traffic shifted, subset removed, 5 times (%s)',
    async (from) => {
      const rule = (subsets: string[]): string =>
        `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: echo, namespace: pods }\nspec:\n  host: echo\n  subsets:\n${subsets.map((name) => `  - { name: ${name}, labels: { version: ${name.slice(0, 2)} } }`).join('\n')}\n`;
      const base = readFileSync(join(mesh.folder, 'mesh', 'pods.yaml'), 'utf8');
      // The DestinationRule moves to a file of its own, so that it can change.
      write(
        'pods.yaml',
        base
          .split('---\n')
          .filter((part) => !part.includes('kind: DestinationRule'))
          .join('---\n'),
      );
      write('rule.yaml', rule(['v1', 'v2']));
      write('routes.yaml', virtualService([['v1', 100]]));
      await sleep(1000);
      const stop = loadFrom(pod(from), { url: echoUrl, headers: host, perSecond: 200 });
      await sleep(1000);
      for (let round = 0; round < 5; round++) {
        const fresh = `v2x${round}`;
        write('rule.yaml', rule(['v1', 'v2', fresh]));
        write('routes.yaml', virtualService([[fresh, 100]]));
        await sleep(700);
        write('routes.yaml', virtualService([['v1', 100]]));
        write('rule.yaml', rule(['v1', 'v2']));
        await sleep(700);
      }
      const result = await stop();
      measured(
        `${from}, edits under load: ${result.failed} of ${result.sent} failed ${JSON.stringify(result.failures)}, ${JSON.stringify(result.labels)}`,
      );
      expect(result.labels['echo v2'] ?? 0).toBeGreaterThan(50);
      expect(result.failed).toBe(0);
    },
  );

  test('XD-002: the control plane restarts under load and no request fails; edits made meanwhile arrive', async () => {
    write('routes.yaml', virtualService([['v1', 100]]));
    await sleep(500);
    const stop = loadFrom(pod('client'), { url: echoUrl, headers: host, perSecond: 200 });
    await sleep(1000);
    await mesh.mizzen().stop();
    write('routes.yaml', virtualService([['v2', 100]]));
    await sleep(2000);
    await mesh.startMizzen();
    await until('the edit to arrive', async () => (await get(pod('client'), echoUrl, { headers: host })).body.includes('"v2"'), {
      timeoutMs: 30_000,
    });
    await sleep(2000);
    const result = await stop();
    measured(`restart under load: ${result.failed} of ${result.sent} failed ${JSON.stringify(result.failures)}, p99 ${result.ms.p99} ms`);
    expect(result.failed).toBe(0);
  });

  test('a file that breaks keeps its last good rows', async () => {
    write('routes.yaml', `${virtualService([['v1', 100]])}  - route: [{ destination: {\n`);
    await sleep(1500);
    const result = await burstFrom(pod('client'), { url: echoUrl, headers: host, total: 60 });
    expect(result.labels).toEqual({ 'echo v2': 60 });
  });

  test('XD-005: no Envoy refused anything', async () => {
    for (const name of ['echo-v1', 'echo-v2', 'client', 'sotw']) {
      const { body } = await get(pod(name), 'http://127.0.0.1:15000/stats?filter=update_rejected', {}, pod(name).asEnvoy);
      const lines = body.trim().split('\n');
      expect(lines.length).toBeGreaterThan(1);
      expect({ name, refused: lines.filter((line) => !line.endsWith(': 0')) }).toEqual({ name, refused: [] });
    }
  });
});

function virtualService(weights: (readonly [string, number])[]): string {
  const routes = weights.map(([subset, weight]) => `    - { destination: { host: echo, subset: ${subset} }, weight: ${weight} }`);
  return `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: echo, namespace: pods }\nspec:\n  hosts: [echo]\n  http:\n  - route:\n${routes.join('\n')}\n`;
}
