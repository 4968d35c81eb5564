/** A real Envoy: started from a bootstrap file, asked through its admin interface. */
import { findEnvoy } from '../../scripts/envoy.mjs';
import { fetchOnce } from './http.js';
import { type Running, start } from './processes.js';
import { Hopeless, until } from './wait.js';

/** A running Envoy. */
export interface Envoy {
  readonly process: Running;
  /** An admin answer's body, such as `stats?filter=…`; needs HTTP reach to the admin port. */
  admin(path: string): Promise<string>;
  /** A counter or gauge of its statistics. */
  stat(name: string): Promise<number>;
  /** Waits until Envoy is live and has (at least) these listeners, by name. */
  ready(listeners?: readonly string[], timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an Envoy with one worker thread. */
export async function startEnvoy(options: {
  readonly name: string;
  readonly bootstrap: string;
  readonly adminPort: number;
  readonly logFile?: string;
  /** See `Command`. */
  readonly toFile?: boolean;
  readonly within?: readonly string[];
  readonly binary?: string;
}): Promise<Envoy> {
  const binary = options.binary ?? (await findEnvoy());
  const running = start({
    name: `envoy ${options.name}`,
    command: binary,
    args: [
      '-c',
      options.bootstrap,
      '--concurrency',
      '1',
      '--disable-hot-restart',
      '--log-level',
      'warning',
      '--drain-time-s',
      '20',
      '--drain-strategy',
      'immediate',
      // Access logs are read by tests while things happen.
      '--file-flush-interval-msec',
      '50',
    ],
    ...(options.logFile ? { logFile: options.logFile } : {}),
    ...(options.toFile ? { toFile: true } : {}),
    ...(options.within ? { within: options.within } : {}),
  });
  const admin = async (path: string): Promise<string> => {
    const answer = await fetchOnce(`http://127.0.0.1:${options.adminPort}/${path}`, { timeoutMs: 3000 });
    if (answer.status === 0) throw new Error(`admin of ${options.name}: ${answer.error}`);
    return answer.body;
  };
  return {
    process: running,
    admin,
    async stat(name) {
      const lines = (await admin(`stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.')}$`)}`)).trim().split('\n');
      return Number(lines[0]?.split(': ')[1] ?? 0);
    },
    async ready(listeners = [], timeoutMs = 30_000) {
      await until(
        `Envoy ${options.name} to serve ${listeners.join(', ') || 'live'}`,
        async () => {
          if (!running.alive()) throw new Hopeless(`it ended:\n${running.output().slice(-2000)}`);
          if (!(await admin('ready')).startsWith('LIVE')) return false;
          const names = (await admin('listeners')).split('\n').map((line) => line.split('::')[0]);
          return listeners.every((listener) => names.includes(listener));
        },
        { timeoutMs, everyMs: 100 },
      );
    },
    stop: () => running.stop(),
  };
}
