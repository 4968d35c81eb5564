/** A real Zipkin server: the executable jar of Maven Central, fetched once by Maven itself and held against a checksum; needs Java 17. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent, Reply } from './agent.js';
import { checkout, run, start } from './processes.js';

const VERSION = '3.6.1';
const SHA256 = 'd8326e0ed4f43855dba81228f688554706e52578a7c782d9a90b73f8680654a1';
const JAR = `zipkin-server-${VERSION}-exec.jar`;

/** What Zipkin shows of a span. https://zipkin.io/zipkin-api/#/default/get_traces */
export interface Span {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind: 'CLIENT' | 'SERVER';
  readonly name: string;
  readonly localEndpoint: { readonly serviceName: string; readonly ipv4?: string };
  readonly tags: Readonly<Record<string, string>>;
}

export interface Zipkin {
  /** All traces that it holds, each a list of spans. */
  traces(): Promise<readonly (readonly Span[])[]>;
}

/** The path of the jar: `MIZZEN_ZIPKIN`, or what was fetched before, or by Maven now. Installs Java and Maven where apt and root allow it. */
export async function findZipkin(): Promise<string> {
  const given = process.env['MIZZEN_ZIPKIN'];
  if (given !== undefined) return given;
  install({ java: 'openjdk-17-jre-headless' });
  const target = join(checkout, '.state', 'maven', JAR);
  if (existsSync(target)) return target;
  install({ mvn: 'maven' });
  const folder = `${target}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  try {
    const artifact = `io.zipkin:zipkin-server:${VERSION}:jar:exec`;
    await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`], { timeoutMs: 300_000 });
    const found = createHash('sha256')
      .update(readFileSync(join(folder, JAR)))
      .digest('hex');
    if (found !== SHA256) throw new Error(`${JAR} has the checksum ${found}, not ${SHA256}`);
    renameSync(join(folder, JAR), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return target;
}

/** Command → package that has it. */
function install(wanted: Readonly<Record<string, string>>): void {
  for (const [command, name] of Object.entries(wanted)) {
    const works = (script: string): boolean => spawnSync('sh', ['-c', script], { stdio: 'ignore', timeout: 600_000 }).status === 0;
    if (works(`${command} -version`)) continue;
    const script = `apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${name}`;
    if (!works(script) || !works(`${command} -version`)) throw new Error(`there is no ${command}: install ${name}`);
  }
}

/** Starts one `within` a network namespace, where `agent` reaches it on 127.0.0.1:9411; it listens on all addresses. */
export async function startZipkin(
  jar: string,
  { within, agent, logFile }: { within: readonly string[]; agent: Agent; logFile: string },
): Promise<Zipkin> {
  const server = start({
    name: 'zipkin',
    command: 'java',
    args: ['-Xmx256m', '-jar', jar],
    within,
    logFile,
    env: { QUERY_PORT: '9411', STORAGE_TYPE: 'mem', SELF_TRACING_ENABLED: 'false' },
  });
  await server.waitFor(/Serving HTTP at/, 60_000);
  const ask = async <T>(path: string): Promise<T> => {
    const [reply] = await agent.call<Reply[]>('send', { how: 'http', url: `http://127.0.0.1:9411/api/v2/${path}` });
    if (reply?.status !== 200) throw new Error(`zipkin ${path}: ${JSON.stringify(reply)}`);
    return reply.said as T;
  };
  return { traces: () => ask('traces?limit=1000&lookback=3600000') };
}
