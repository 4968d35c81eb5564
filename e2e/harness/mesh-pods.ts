/** A mesh of pods (network namespaces): the control plane in the hub, an application and a transparent sidecar in each pod. */
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findEnvoy } from '../../scripts/envoy.mjs';
import { startEnvoy } from './envoy.js';
import type { Answer, Ask } from './http.js';
import type { LoadResult } from './load.js';
import { type Joining, type Mizzen, startMizzen, writeBootstrap } from './mizzen.js';
import { type Pod, type PodNetwork, podNetwork } from './pods.js';
import type { ProbePlan } from './probe.js';
import { checkout, node, run, start } from './processes.js';
import { Hopeless, until } from './wait.js';

const probe = ['--no-warnings', '--import', join(checkout, 'e2e/harness/ts-imports.mjs'), join(checkout, 'e2e/harness/probe.ts')];
const envoyUser = 1337;

/** The running mesh. `folder` holds `mesh/` (watched), logs and bootstraps. */
export interface PodMesh {
  readonly network: PodNetwork;
  readonly folder: string;
  mizzen(): Mizzen;
  startMizzen(): Promise<void>;
  /** Starts the test application in a pod, on all of its addresses. */
  app(pod: Pod, port: number, env: Readonly<Record<string, string>>): Promise<void>;
  /** Starts a sidecar (or router) in a pod and waits until it is live and has had its listeners. */
  sidecar(
    pod: Pod,
    joining: Pick<Joining, 'namespace' | 'serviceAccount' | 'labels' | 'variant' | 'type' | 'locality' | 'workloadGroup' | 'cluster' | 'networkView'>,
  ): Promise<void>;
}

export interface PodMeshOptions {
  /** Options of `serve` (`MIZZEN_…`). */
  readonly env?: Readonly<Record<string, string>>;
  /** More of its command line. */
  readonly args?: readonly string[];
  /** Sets a Kubernetes API up in the network; what it resolves to is the command line that reads from it, instead of the folder's `mesh`. */
  readonly kubernetes?: (network: PodNetwork) => Promise<readonly string[]>;
}

/**
 * Starts the control plane in a hub of its own. The folder's `mesh` must be there (it may be empty).
 */
export async function startPodMesh(
  folder: string,
  net: number,
  meshConfig?: string,
  { env, args = [], kubernetes }: PodMeshOptions = {},
): Promise<PodMesh> {
  chmodSync(folder, 0o755);
  const network = await podNetwork(net);
  const ownArgs = [...args, ...((await kubernetes?.(network)) ?? [])];
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { recursive: true });
  const serve = {
    ...(kubernetes === undefined && { config: join(folder, 'mesh') }),
    dataDir,
    xdsTls: `${network.hubIp}:15012`,
    within: network.inHub,
    logFile: join(folder, 'mizzen.log'),
    args: ownArgs,
    ...(meshConfig ? { meshConfig } : {}),
    ...(env ? { env } : {}),
  };
  // The checkout may lie where Envoy's user can't look.
  const binary = join(folder, 'envoy');
  if (!existsSync(binary)) copyFileSync(await findEnvoy(), binary);
  chmodSync(binary, 0o755);
  let mizzen = await startMizzen(serve);
  return {
    network,
    folder,
    mizzen: () => mizzen,
    async startMizzen() {
      mizzen = await startMizzen(serve);
    },
    async app(pod, port, env) {
      const file = join(folder, 'app.mjs');
      if (!existsSync(file)) copyFileSync(join(checkout, 'examples/shop/app.mjs'), file);
      const app = start({
        name: `app in ${pod.name}`,
        command: node,
        args: [file],
        within: pod.asApp,
        env: { SERVICE: pod.name, HOST: '0.0.0.0', PORT: String(port), ...env },
        logFile: join(folder, `app-${pod.name}.log`),
      });
      await app.waitFor(/"listening"/);
    },
    async sidecar(pod, joining) {
      const output = join(folder, `envoy-${pod.name}.json`);
      await writeBootstrap({
        ...joining,
        name: pod.name,
        ip: pod.ip,
        interception: 'REDIRECT',
        adminPort: 15000,
        metricsPort: 15090,
        xdsAddress: mizzen.xdsTls,
        dataDir,
        output,
      });
      own(folder, output);
      const envoy = await startEnvoy({
        name: pod.name,
        bootstrap: output,
        adminPort: 15000,
        within: pod.asEnvoy,
        binary,
        logFile: join(folder, `envoy-${pod.name}.log`),
        toFile: true,
      });
      await until(
        `the sidecar of ${pod.name} to be live`,
        async () => {
          if (!envoy.process.alive()) throw new Hopeless(`Envoy ended:\n${envoy.process.output().slice(-2000)}`);
          return (await get(pod, 'http://127.0.0.1:15000/ready', {}, pod.asEnvoy)).body.startsWith('LIVE');
        },
        { everyMs: 200, timeoutMs: 40_000 },
      );
    },
  };
}

/** Lets Envoy's user read the bootstrap and whatever lies beside it under the same name (a token file). */
function own(folder: string, bootstrap: string): void {
  const stem = bootstrap.replace(/\.json$/, '');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (path.startsWith(stem) && statSync(path).isFile()) chownSync(path, envoyUser, envoyUser);
  }
}

/** One request from a pod, by its application's user unless told otherwise. */
export async function get(pod: Pod, url: string, ask: Ask = {}, as: readonly string[] = pod.asApp): Promise<Answer> {
  return JSON.parse(await inPod(as, ['get', url, JSON.stringify(ask)])) as Answer;
}

/** `total` requests from a pod, counted by who answered. */
export async function burstFrom(pod: Pod, plan: ProbePlan): Promise<LoadResult> {
  return JSON.parse(await inPod(pod.asApp, ['burst', JSON.stringify(plan)])) as LoadResult;
}

/** Steady load from a pod until the returned function is called, which gives the counts. */
export function loadFrom(pod: Pod, plan: ProbePlan): () => Promise<LoadResult> {
  const running = start({ name: `load from ${pod.name}`, command: node, args: [...probe, 'load', JSON.stringify(plan)], within: pod.asApp });
  return async () => {
    await running.stop(20_000);
    const last = running.output().trim().split('\n').at(-1) ?? '';
    if (!last.startsWith('{')) throw new Error(`${running.name}: ${running.output()}`);
    return JSON.parse(last) as LoadResult;
  };
}

async function inPod(within: readonly string[], args: readonly string[]): Promise<string> {
  const [command = '', ...rest] = within;
  return run(command, [...rest, node, ...probe, ...args]);
}
