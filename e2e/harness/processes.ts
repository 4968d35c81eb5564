/** Child processes: started with their output captured, stopped by pid, gone when the test goes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, createWriteStream, existsSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onCleanup } from './cleanup.js';
import { Hopeless, sleep, until } from './wait.js';

/** The top of the checkout. */
export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const packaged = join(checkout, 'node_modules', '.bin', 'node');
/** The Node that the project pins, whatever this process runs under. */
export const node = existsSync(packaged) ? packaged : process.execPath;

/** What to start. `logFile` gets stdout and stderr; the last 200 kB also stay in memory for `waitFor` and error messages. */
export interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What to run it with, such as `ip netns exec pod setpriv …`. */
  readonly within?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly logFile?: string;
  /** Standard output is `logFile` itself, which a program of any user may open again (`/dev/stdout`); nothing of it goes through `onLine`. */
  readonly toFile?: boolean;
  /** Leaves standard input open for `write`. */
  readonly input?: boolean;
  /** Called with each complete line of standard output. */
  readonly onLine?: (line: string) => void;
}

/** A running (or ended) child process. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Everything it printed, at most the last 200 kB. */
  output(): string;
  /** True until it has ended. */
  alive(): boolean;
  /** The first match of `pattern` in its output; throws when it ends first or the time is up. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  /** Sends text to its standard input; needs `input`. */
  write(text: string): void;
  /** SIGTERM, and SIGKILL after `graceMs`; resolves once it has ended. */
  stop(graceMs?: number): Promise<void>;
}

const keep = 200_000;
process.setMaxListeners(100);

/** Starts a command; it is stopped by `cleanup()` at the latest. */
export function start(what: Command): Running {
  const [command = '', ...args] = [...(what.within ?? []), what.command, ...what.args];
  const file = what.toFile && what.logFile !== undefined ? openForAll(what.logFile) : undefined;
  const child = spawn(command, args, {
    cwd: what.cwd,
    env: { ...process.env, ...what.env },
    stdio: [what.input ? 'pipe' : 'ignore', file ?? 'pipe', file ?? 'pipe'],
    // Ctrl-C reaches the test only; it then stops its children in order.
    detached: true,
  });
  let text = '';
  let failure: Error | undefined;
  if (file !== undefined) closeSync(file);
  const log = what.logFile && file === undefined ? createWriteStream(what.logFile, { flags: 'a' }) : undefined;
  const take = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-keep);
    log?.write(chunk);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  if (what.onLine && child.stdout) createInterface({ input: child.stdout }).on('line', what.onLine);
  child.on('error', (error) => {
    failure = error;
  });
  child.on('close', () => log?.end());
  const alive = (): boolean => failure === undefined && child.exitCode === null && child.signalCode === null;
  const running: Running = {
    name: what.name,
    pid: child.pid ?? -1,
    output: () => (file === undefined ? text : readFileSync(what.logFile ?? '', 'utf8').slice(-keep)),
    alive,
    waitFor: (pattern, timeoutMs = 20_000) =>
      until(
        `${what.name} to print ${String(pattern)}`,
        () => {
          const match = running.output().match(pattern);
          if (!match && !alive())
            throw new Hopeless(
              `${what.name} ended${failure ? `: ${failure.message}` : ` (${child.exitCode ?? child.signalCode})`}:\n${running.output().slice(-3000)}`,
            );
          return match;
        },
        { timeoutMs },
      ),
    write: (line) => void child.stdin?.write(line),
    stop: (graceMs = 5000) => stop(child, alive, graceMs),
  };
  onCleanup(() => running.stop());
  // Last resort, when this process ends without cleaning up: nothing of ours may outlive it.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return running;
}

function openForAll(path: string): number {
  const file = openSync(path, 'a', 0o666);
  chmodSync(path, 0o666);
  return file;
}

async function stop(child: ChildProcess, alive: () => boolean, graceMs: number): Promise<void> {
  if (!alive()) return;
  child.kill('SIGTERM');
  const deadline = Date.now() + graceMs;
  while (alive() && Date.now() < deadline) await sleep(20);
  if (alive()) child.kill('SIGKILL');
  while (alive()) await sleep(10);
}

/** Runs a command to its end and returns its standard output; throws with its error output when it fails. */
export function run(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string>; timeoutMs?: number; cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${command} ${args.join(' ')}: exit ${code}\n${(err || out).slice(-3000)}`)),
    );
  });
}
