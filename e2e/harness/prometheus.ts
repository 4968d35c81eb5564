/** A real Prometheus (Debian's package) with the configuration of examples/observability, asked over its HTTP API. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent, Reply } from './agent.js';
import { debianProgram } from './debian.js';
import { checkout, start } from './processes.js';
import { until } from './wait.js';

/** One series at one moment. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Something that is scraped, and how that went the last time. */
export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
  readonly lastScrape: string;
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  readonly type: 'recording' | 'alerting';
  readonly health: string;
  readonly lastError?: string;
}

export interface Prometheus {
  /** The value of an expression now; throws when Prometheus cannot read it. */
  query(expression: string): Promise<readonly Sample[]>;
  targets(): Promise<readonly Target[]>;
  rules(): Promise<readonly Rule[]>;
  /** Waits until everything that Envoys have counted so far has been scraped. */
  caughtUp(): Promise<void>;
}

/** `MIZZEN_PROMETHEUS`, PATH, or Debian's package, unpacked. */
export const findPrometheus = async (): Promise<string> => process.env['MIZZEN_PROMETHEUS'] ?? debianProgram('prometheus', 'usr/bin/prometheus');

/** Envoys merge histograms once in five seconds. */
const FLUSH_MS = 5500;

/** Starts one `within` a network namespace on 127.0.0.1:9090, with `mizzen` (HOST:PORT) in place of the example's; `agent` reaches it. */
export async function startPrometheus(options: {
  readonly binary: string;
  readonly folder: string;
  readonly mizzen: string;
  readonly within: readonly string[];
  readonly agent: Agent;
}): Promise<Prometheus> {
  const { binary, folder, mizzen, within, agent } = options;
  const home = join(folder, 'prometheus');
  mkdirSync(home);
  for (const file of ['prometheus.yml', 'rules.yml']) {
    const text = readFileSync(join(checkout, 'examples/observability', file), 'utf8');
    writeFileSync(join(home, file), text.replace('mizzen:15014', mizzen));
  }
  const server = start({
    name: 'prometheus',
    command: binary,
    args: [`--config.file=${home}/prometheus.yml`, `--storage.tsdb.path=${home}/data`, '--web.listen-address=127.0.0.1:9090'],
    within,
    logFile: join(folder, 'prometheus.log'),
  });
  const ask = async <T>(path: string): Promise<T> => {
    const [reply] = await agent.call<Reply[]>('send', { how: 'http', url: `http://127.0.0.1:9090/api/v1/${path}` });
    const { status, data, error } = (reply?.said ?? {}) as { status?: string; data?: T; error?: string };
    if (status !== 'success' || data === undefined) throw new Error(`${path}: ${error ?? JSON.stringify(reply)}`);
    return data;
  };
  const targets = async (): Promise<readonly Target[]> => (await ask<{ activeTargets: Target[] }>('targets?state=active')).activeTargets;
  await server.waitFor(/Server is ready/, 30_000);
  return {
    async query(expression) {
      const { result } = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expression)}`,
      );
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    targets,
    rules: async () => (await ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap(({ rules }) => rules),
    async caughtUp() {
      const moment = Date.now() + FLUSH_MS;
      await until(
        'Prometheus to have scraped everything',
        async () => {
          const all = await targets();
          return all.length > 0 && all.every(({ lastScrape }) => Date.parse(lastScrape) > moment);
        },
        { timeoutMs: 30_000, everyMs: 250 },
      );
    },
  };
}
