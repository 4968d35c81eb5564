/**
 * Virtual hosts one by one (VHDS) with a real Envoy on loopback addresses: a sidecar with more hosts on one port than the threshold. Needs no
 * root, and an Envoy from 1.37 on. `MIZZEN_VHDS_HOSTS` says how many hosts.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type Envoy, startEnvoy } from './harness/envoy.js';
import { type Answer, fetchOnce } from './harness/http.js';
import { type LoadResult, startLoad } from './harness/load.js';
import { type Mizzen, type MizzenOptions, startMizzen, writeBootstrap } from './harness/mizzen.js';
import { freePort } from './harness/ports.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const version = process.env['MIZZEN_ENVOY_VERSION'] ?? '';
const many = Number(process.env['MIZZEN_VHDS_HOSTS'] ?? 150);
const threshold = 100;
const TYPES = { rds: 'RouteConfiguration', vhds: 'VirtualHost' } as const;
const bind = `127.66.${process.pid % 250}.1`;

(version.startsWith('1.36') ? describe.skip : describe)('virtual hosts one by one', () => {
  let folder = '';
  let port = 0;
  let appPort = 0;
  let mizzen: Mizzen;
  let envoy: Envoy;
  let serve: MizzenOptions;
  /** What the mesh has: the header that each host's answers get. */
  const hosts = new Map<string, string>();
  const cold: Answer[] = [];

  const url = (): string => `http://${bind}:${port}/`;
  const ask = (host: string): Promise<Answer> => fetchOnce(url(), { headers: { host } });
  const configs = (): Promise<string> => envoy.admin('config_dump?resource=dynamic_route_configs');
  const listeners = (): Promise<string> => envoy.admin('config_dump?resource=dynamic_listeners');
  const write = (): void => {
    const documents: object[] = [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'Sidecar',
        metadata: { name: 'client', namespace: 'app' },
        spec: {
          outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
          egress: [{ port: { number: port, protocol: 'HTTP', name: 'http' }, bind, captureMode: 'NONE', hosts: ['*/*'] }],
        },
      },
    ];
    for (const [host, mark] of hosts) {
      const metadata = { name: host.replaceAll('.', '-'), namespace: 'app' };
      documents.push({
        apiVersion: 'networking.istio.io/v1',
        kind: 'ServiceEntry',
        metadata,
        spec: {
          hosts: [host],
          location: 'MESH_EXTERNAL',
          resolution: 'STATIC',
          ports: [{ number: port, name: 'http', protocol: 'HTTP' }],
          endpoints: [{ address: '127.0.0.1', ports: { http: appPort } }],
        },
      });
      const route = [{ destination: { host, port: { number: port } }, headers: { response: { set: { 'x-mark': mark } } } }];
      documents.push({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata, spec: { hosts: [host], http: [{ route }] } });
    }
    const draft = join(folder, 'draft');
    writeFileSync(draft, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
    renameSync(draft, join(folder, 'mesh', 'hosts.yaml'));
  };
  const bytes = async (type: 'rds' | 'vhds'): Promise<number> =>
    mizzen.metric('pilot_xds_config_size_bytes_sum', `type="type.googleapis.com/envoy.config.route.v3.${TYPES[type]}"`);
  const refused = async (): Promise<number[]> =>
    Promise.all(
      ['lds', 'cds'].map((type) => envoy.stat(type === 'lds' ? 'listener_manager.lds.update_rejected' : 'cluster_manager.cds.update_rejected')),
    );
  /** Runs something while the hosts that stay are asked without pause. */
  const underLoad = async (what: () => Promise<void>): Promise<void> => {
    const kept = ['h0.test', 'h50.test', 'h90.test'];
    const loads = [{ connection: 'keep-alive' }, { connection: 'close' }].flatMap((connection) =>
      kept.map((host) => startLoad({ url: url(), perSecond: 100, headers: { host, ...connection }, label: ({ status }) => String(status) })),
    );
    await sleep(500);
    await what();
    await sleep(500);
    const results: LoadResult[] = await Promise.all(loads.map((load) => load.stop()));
    for (const { sent, failed, failures, labels, ms } of results)
      measured(`${failed} of ${sent} failed ${JSON.stringify({ ...failures, ...labels })}, p99 ${ms.p99} ms`);
    // A virtual host that is missing for a moment would show as 404 or 502.
    expect(results.map(({ labels }) => Object.keys(labels))).toEqual(results.map(() => ['200']));
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-vhds-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'mesh'));
    const app = createServer((_, response) => response.end('ok'));
    app.keepAliveTimeout = 0; // Envoy keeps connections; closing idle ones would make failures that no mesh caused.
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    onCleanup(() => {
      app.close();
      app.closeAllConnections();
    });
    const address = app.address();
    appPort = typeof address === 'object' && address !== null ? address.port : 0;
    port = await freePort([bind]);
    for (let i = 0; i < many; i++) hosts.set(`h${i}.test`, 'first');
    write();
    const [xds, xdsTls, http] = [await freePort(), await freePort(), await freePort()].map((at) => `127.0.0.1:${at}`);
    serve = {
      config: join(folder, 'mesh'),
      dataDir: join(folder, 'data'),
      ...(xds && { xds }),
      ...(xdsTls && { xdsTls }),
      ...(http && { http }),
      env: { MIZZEN_VHDS_THRESHOLD: String(threshold) },
    };
    mizzen = await startMizzen(serve);
    const adminPort = await freePort();
    const bootstrap = join(folder, 'envoy.json');
    await writeBootstrap({
      name: 'client',
      namespace: 'app',
      serviceAccount: 'client',
      ip: bind,
      interception: 'NONE',
      adminPort,
      xdsAddress: mizzen.xdsTls,
      dataDir: join(folder, 'data'),
      output: bootstrap,
    });
    envoy = await startEnvoy({ name: 'client', bootstrap, adminPort });
    for (let n = 0; !cold.some(({ status }) => status === 200) && n < 2000; n++) {
      cold.push(await ask(`h${many - 1 - (n % 20)}.test`));
      await sleep(5);
    }
    await envoy.ready([`${bind}_${port}`]);
  }, 120_000);
  afterAll(cleanup, 60_000);

  test('a cold proxy is complete before it serves', async () => {
    expect(cold.filter(({ status }) => status !== 0).map(({ status }) => status)).toEqual([200]);
    for (const host of hosts.keys()) expect((await ask(host)).headers['x-mark']).toBe('first');
    expect((await ask('elsewhere.test')).status).toBe(502);
    const dump = await configs();
    expect(dump).toContain(`"name": "${port}~vhds"`);
    expect(await envoy.admin('config_dump')).toContain(`"route_config_name": "${port}~vhds"`);
    measured(`cold: ${hosts.size} hosts, RDS ${await bytes('rds')} bytes, VHDS ${await bytes('vhds')} bytes`);
  });

  test('hosts come, change and go under load', async () => {
    await underLoad(async () => {
      const [before, routes] = [await bytes('vhds'), await bytes('rds')];
      const times: number[] = [];
      for (let n = 0; n < 20; n++) {
        hosts.set(`h${n + 10}.test`, `changed-${n}`);
        const begun = performance.now();
        write();
        await until('the change', async () => (await ask(`h${n + 10}.test`)).headers['x-mark'] === `changed-${n}`, { everyMs: 2 });
        times.push(Math.round(performance.now() - begun));
      }
      measured(
        `per change of 1 of ${hosts.size} hosts: VHDS ${((await bytes('vhds')) - before) / 20} bytes, RDS ${((await bytes('rds')) - routes) / 20}`,
      );
      measured(`file written to in force, median: ${times.toSorted((a, b) => a - b)[10]} ms`);
      for (let n = 0; n < 10; n++) {
        const seen: number[] = [];
        hosts.set(`new${n}.test`, 'new');
        write();
        await until('the new host', async () => seen.push((await ask(`new${n}.test`)).status) > 0 && seen.at(-1) === 200, { everyMs: 2 });
        // Unknown until it is there; never a route without its cluster.
        expect([...new Set(seen)].filter((status) => status !== 502 && status !== 200)).toEqual([]);
        hosts.delete(`h${100 + n}.test`);
        write();
        await until('the host to go', async () => (await ask(`h${100 + n}.test`)).status === 502, { everyMs: 2 });
      }
    });
    expect(await refused()).toEqual([0, 0]);
  }, 120_000);

  test('XD-007: crossing the threshold, down and up and at any pace, fails no request on kept or on new connections', async () => {
    const all = [...hosts];
    const under = (): void => {
      for (const [host] of all.slice(91, -5)) hosts.delete(host);
      hosts.delete('back.test');
      expect(hosts.size).toBeLessThan(threshold);
      write();
    };
    const over = (): void => {
      for (const [host, mark] of all) hosts.set(host, mark);
      hosts.set('back.test', 'back');
      write();
    };
    await underLoad(async () => {
      for (let n = 0; n < 5; n++) {
        under();
        await until('hosts in the route configuration', async () => (await listeners()).includes(`"route_config_name": "${port}"`));
        await sleep(300);
        over();
        await until('hosts one by one', async () => (await listeners()).includes(`"${port}~vhds"`) && (await ask('back.test')).status === 200);
        await sleep(300);
      }
      // Faster than it can be followed: some crossings merge, some meet the one before on its way.
      for (let n = 0; n < 40; n++) {
        if (n % 2 === 0) under();
        else over();
        await sleep(10 + ((n * 37) % 120));
      }
      await until('hosts one by one again', async () => (await listeners()).includes(`"${port}~vhds"`) && (await ask('back.test')).status === 200);
    });
    for (const host of hosts.keys()) expect((await ask(host)).status).toBe(200);
    expect(await refused()).toEqual([0, 0]);
  }, 120_000);

  test('a control plane that comes back tells what changed meanwhile', async () => {
    await underLoad(async () => {
      await mizzen.stop();
      hosts.set('h3.test', 'meanwhile');
      hosts.set('meanwhile.test', 'new');
      hosts.delete('h140.test');
      hosts.delete('h141.test');
      write();
      await sleep(500);
      mizzen = await startMizzen(serve);
      await until('the changes', async () => (await ask('meanwhile.test')).status === 200, { timeoutMs: 40_000 });
    });
    expect([(await ask('h3.test')).headers['x-mark'], (await ask('h140.test')).status, (await ask('h141.test')).status]).toEqual([
      'meanwhile',
      502,
      502,
    ]);
    for (const host of hosts.keys()) expect((await ask(host)).status).toBe(200);
    measured(`after the restart: VHDS ${await bytes('vhds')} bytes for 2 changes and 2 removals of ${hosts.size} hosts`);
  }, 120_000);
});
