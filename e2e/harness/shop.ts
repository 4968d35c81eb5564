/**
 * The example shop on loopback addresses: the control plane, every application, a real Envoy beside each and one as gateway. Needs no root: the
 * sidecars listen on real ports (capture mode NONE), each workload on a 127.x address of its own. Used by the demo and by the tests.
 */
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeShop, readAddresses, readShop, type Shop, type ShopWorkload, shopFolder } from '../../scripts/demo-shop.mjs';
import { type Envoy, startEnvoy } from './envoy.js';
import { fetchOnce } from './http.js';
import { type Mizzen, type MizzenOptions, startMizzen, writeBootstrap } from './mizzen.js';
import { freePort } from './ports.js';
import { node, start } from './processes.js';
import { until } from './wait.js';

/** A running shop. */
export interface RunningShop {
  /** Its folder: `mesh/` (watched YAML), `story/` (edits to apply), `logs/`, `envoy/` (bootstraps), `data/`. */
  readonly folder: string;
  readonly shop: Shop;
  /** Where customers come in. */
  readonly url: string;
  /** The control plane; another one after `restartMizzen`. */
  mizzen(): Mizzen;
  envoy(name: string): Envoy;
  workload(name: string): ShopWorkload;
  /** Tells an application to be slow or flaky, without the mesh. */
  behave(name: string, how: { delayMs?: number; failEvery?: number }): Promise<void>;
  stopMizzen(): Promise<void>;
  startMizzen(): Promise<void>;
  /** Admin ports by workload, for people. */
  readonly adminPorts: ReadonlyMap<string, number>;
}

/** Places the shop in `folder` and starts everything, in parallel where it can. */
export async function startShop(folder: string, options: { variant?: 'delta' | 'sotw'; say?: (text: string) => void } = {}): Promise<RunningShop> {
  const say = options.say ?? ((): void => {});
  const logs = join(folder, 'logs');
  const bootstraps = join(folder, 'envoy');
  const dataDir = join(folder, 'data');
  for (const path of [logs, bootstraps, dataDir]) mkdirSync(path, { recursive: true });
  const { shop, mesh } = await place(folder);

  say('control plane');
  const ports = { xds: await freePort(), xdsTls: await freePort(), http: await freePort() };
  const serve: MizzenOptions = {
    config: mesh,
    meshConfig: join(folder, 'mesh-config.yaml'),
    dataDir,
    xds: `127.0.0.1:${ports.xds}`,
    xdsTls: `127.0.0.1:${ports.xdsTls}`,
    http: `127.0.0.1:${ports.http}`,
    logFile: join(logs, 'mizzen.log'),
  };
  let mizzen = await startMizzen(serve);

  say('applications');
  await startApps(shop, logs);

  say(`${shop.workloads.length} Envoys`);
  const adminPorts = new Map<string, number>();
  for (const workload of shop.workloads) adminPorts.set(workload.name, await freePort());
  const envoys = new Map<string, Envoy>();
  for (const workload of shop.workloads) {
    const adminPort = adminPorts.get(workload.name) ?? 0;
    const output = join(bootstraps, `${workload.name}.json`);
    await writeBootstrap({
      ...workload,
      adminPort,
      output,
      dataDir,
      xdsAddress: mizzen.xdsTls,
      interception: 'NONE',
      ...(options.variant ? { variant: options.variant } : {}),
    });
    envoys.set(
      workload.name,
      await startEnvoy({ name: workload.name, bootstrap: output, adminPort, logFile: join(logs, `envoy-${workload.name}.log`) }),
    );
  }
  for (const workload of shop.workloads) {
    const port = workload.app ? new URL(workload.egress ?? '').port : String(shop.gateway?.port);
    await named(envoys, workload.name).ready([`${workload.ip}_${port}`]);
    say(`${workload.name} is in the mesh`);
  }
  const url = `http://${shop.gateway?.ip}:${shop.gateway?.port}`;
  await until('the shop to answer', async () => (await fetchOnce(`${url}/`)).status === 200);
  return {
    folder,
    shop,
    url,
    adminPorts,
    mizzen: () => mizzen,
    envoy: (name) => named(envoys, name),
    workload: (name) => workloadOf(shop, name),
    async behave(name, how) {
      const app = workloadOf(shop, name).app;
      await fetchOnce(`http://${app?.host}:${app?.port}/behave`, { method: 'PUT', body: JSON.stringify({ delayMs: 0, failEvery: 0, ...how }) });
    },
    stopMizzen: () => mizzen.stop(),
    async startMizzen() {
      mizzen = await startMizzen(serve);
    },
  };
}

/** Copies the YAML onto loopback addresses that nobody uses, with every taken port replaced. */
async function place(folder: string): Promise<{ shop: Shop; mesh: string }> {
  const { addresses, ports } = readAddresses();
  // Any number will do; two runs at the same time should differ.
  const run = 64 + (process.pid % 128);
  const prefixes = addresses.map(({ written, loopback }) => [written, loopback.replace('{run}', String(run))] as const);
  const written = readShop();
  const ips = [
    ...written.workloads.flatMap(({ ip, egress }) => [ip, ...(egress ? [new URL(egress).hostname] : [])]),
    ...written.outside.map(({ ip }) => ip),
  ];
  const hosts = ['127.0.0.1', ...ips.map((ip) => prefixes.reduce((text, [from, to]) => text.replace(from, to), ip))];
  const chosen = new Map<number, number>();
  for (const port of ports) chosen.set(port, await freePort(hosts, port));
  placeShop(folder, prefixes, chosen);
  const mesh = join(folder, 'mesh');
  if (readdirSync(mesh).length !== readdirSync(join(shopFolder, 'mesh')).length) throw new Error(`${mesh}: is not a fresh folder`);
  return { shop: readShop(mesh), mesh };
}

async function startApps(shop: Shop, logs: string): Promise<void> {
  const app = join(shopFolder, 'app.mjs');
  const inside = shop.workloads.flatMap(({ name, app: at, egress }) =>
    at ? [{ name, env: { SERVICE: at.service, VERSION: at.version, HOST: at.host, PORT: String(at.port), EGRESS: egress ?? '' } }] : [],
  );
  const outside = shop.outside.map(({ name, ip, port }) => ({ name, env: { SERVICE: name, VERSION: 'outside', HOST: ip, PORT: String(port) } }));
  const started = [...inside, ...outside].map(({ name, env }) =>
    start({ name, command: node, args: [app], env, logFile: join(logs, `app-${name}.log`) }),
  );
  for (const one of started) await one.waitFor(/"listening"/);
}

function named(envoys: ReadonlyMap<string, Envoy>, name: string): Envoy {
  const envoy = envoys.get(name);
  if (!envoy) throw new Error(`no workload is called ${name}`);
  return envoy;
}

function workloadOf(shop: Shop, name: string): ShopWorkload {
  const workload = shop.workloads.find((one) => one.name === name);
  if (!workload) throw new Error(`no workload is called ${name}`);
  return workload;
}

/** Writes a file into the watched folder in one step, as careful editors do. */
export function edit(shop: RunningShop, file: string, text: string): void {
  const draft = join(shop.folder, `${file}.draft`);
  writeFileSync(draft, text);
  renameSync(draft, join(shop.folder, 'mesh', file));
}
