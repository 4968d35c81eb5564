/** The control plane under test: `bin/mizzen.js` of this checkout, as a user runs it. */
import { join } from 'node:path';
import { fetchOnce } from './http.js';
import { checkout, node, type Running, run, start } from './processes.js';
import { until } from './wait.js';

/** `MIZZEN_ENTRY` runs another build of the control plane. */
const entry = process.env['MIZZEN_ENTRY'] ?? join(checkout, 'bin', 'mizzen.js');

/** How to run `mizzen serve`. Ports default to free ones. */
export interface MizzenOptions {
  /** Absent where `args` name another source. */
  readonly config?: string;
  readonly dataDir: string;
  readonly meshConfig?: string;
  /** More options of `serve`. */
  readonly args?: readonly string[];
  readonly xds?: string;
  readonly xdsTls?: string;
  readonly http?: string;
  readonly logFile?: string;
  readonly within?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A running control plane and where it listens (`HOST:PORT` each). */
export interface Mizzen {
  readonly process: Running;
  readonly xds: string;
  readonly xdsTls: string;
  readonly http: string;
  /** Value of the first metric line whose name and labels contain every part; 0 when there is none. Needs HTTP reach. */
  metric(name: string, ...labels: string[]): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `mizzen serve` and waits until it is ready (by its log when it runs in another network namespace). */
export async function startMizzen(options: MizzenOptions): Promise<Mizzen> {
  const process_ = start({
    name: 'mizzen',
    command: node,
    args: [
      entry,
      'serve',
      ...(options.config === undefined ? [] : ['--config', options.config]),
      '--data-dir',
      options.dataDir,
      '--xds-address',
      options.xds ?? '127.0.0.1:0',
      '--xds-tls-address',
      options.xdsTls ?? '127.0.0.1:0',
      '--http-address',
      options.http ?? '127.0.0.1:0',
      ...(options.meshConfig ? ['--mesh-config', options.meshConfig] : []),
      ...(options.args ?? []),
    ],
    ...(options.logFile ? { logFile: options.logFile } : {}),
    ...(options.within ? { within: options.within } : {}),
    ...(options.env ? { env: options.env } : {}),
  });
  const [line] = await process_.waitFor(/^\{.*"msg":"listening".*\}$/m, 30_000);
  const { xds, xdsTls, http } = JSON.parse(line) as Record<'xds' | 'xdsTls' | 'http', string>;
  if (!options.within) await until('mizzen to be ready', async () => (await fetchOnce(`http://${http}/ready`)).status === 200);
  return {
    process: process_,
    xds,
    xdsTls,
    http,
    async metric(name, ...labels) {
      const { body } = await fetchOnce(`http://${http}/metrics`);
      const line = body.split('\n').find((one) => one.startsWith(name) && labels.every((label) => one.includes(label)));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    stop: () => process_.stop(),
  };
}

/** One workload that wants to join: what `mizzen bootstrap` is told. */
export interface Joining {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly ip: string;
  readonly type?: 'sidecar' | 'router';
  readonly labels?: Readonly<Record<string, string>>;
  /** `region/zone/subzone`. */
  readonly locality?: string;
  /** WorkloadGroup to register under. */
  readonly workloadGroup?: string;
  readonly cluster?: string;
  readonly networkView?: string;
  readonly interception?: 'NONE' | 'REDIRECT';
  readonly variant?: 'delta' | 'sotw';
  /** Port that shows statistics to Prometheus. */
  readonly metricsPort?: number;
  readonly adminPort: number;
  readonly xdsAddress: string;
  readonly dataDir: string;
  readonly output: string;
  /** Where the token is put, rather than into the bootstrap. */
  readonly tokenFile?: string;
  readonly tokenTtl?: string;
}

/** Writes the Envoy bootstrap of a workload. */
export async function writeBootstrap(joining: Joining): Promise<void> {
  const flags: Record<string, string> = {
    '--namespace': joining.namespace,
    '--service-account': joining.serviceAccount,
    '--name': joining.name,
    '--ip': joining.ip,
    '--type': joining.type ?? 'sidecar',
    '--xds-address': joining.xdsAddress,
    '--data-dir': joining.dataDir,
    '--admin-port': String(joining.adminPort),
    '--output': joining.output,
    '--variant': joining.variant ?? 'delta',
    ...(joining.tokenFile ? { '--token-file': joining.tokenFile } : {}),
    ...(joining.tokenTtl ? { '--token-ttl': joining.tokenTtl } : {}),
    ...(joining.locality ? { '--locality': joining.locality } : {}),
    ...(joining.workloadGroup ? { '--workload-group': joining.workloadGroup } : {}),
    ...(joining.cluster ? { '--cluster': joining.cluster } : {}),
    ...(joining.networkView ? { '--network-view': joining.networkView } : {}),
    ...(joining.interception ? { '--interception': joining.interception } : {}),
    ...(joining.metricsPort === undefined ? {} : { '--metrics-port': String(joining.metricsPort) }),
  };
  const labels = Object.entries(joining.labels ?? {}).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  await run(node, [entry, 'bootstrap', ...Object.entries(flags).flat(), ...labels]);
}

/** Renews a token that is a file. */
export async function createToken(token: { namespace: string; serviceAccount: string; dataDir: string; ttl: string; output: string }): Promise<void> {
  const { namespace, serviceAccount, dataDir, ttl, output } = token;
  const flags = { '--namespace': namespace, '--service-account': serviceAccount, '--data-dir': dataDir, '--ttl': ttl, '--output': output };
  await run(node, [entry, 'token', 'create', ...Object.entries(flags).flat()]);
}
