/** One `mizzen serve` for one case: plaintext xDS on a free loopback port, its own data folder, the end of its output kept for errors. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The Node that the product pins: an older one would only start it again as a child, and the figures would be the parent's. */
export const NODE = join(createRequire(import.meta.url).resolve('node/package.json'), '..', 'bin', 'node');

const READY_MS = 60_000;
const STOP_MS = 10_000;
const KEPT_LINES = 40;

/** Starts the server and waits until it says where it listens. */
export async function startServer({ program, config, folder, nodeOptions = [], more = [] }) {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const listeners = ['--xds-address', '127.0.0.1:0', '--xds-tls-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const child = spawn(NODE, [...nodeOptions, program, 'serve', '--config', config, ...listeners, '--data-dir', data, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MIZZEN_LOG_FORMAT: 'json' },
  });
  const exited = new Promise((done) => child.once('exit', done));
  const stop = async () => {
    child.kill('SIGTERM');
    const cut = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(cut);
  };
  const tail = [];
  const keep = (line) => {
    tail.push(line);
    if (tail.length > KEPT_LINES) tail.shift();
  };
  createInterface({ input: child.stderr }).on('line', keep);
  const started = performance.now();
  const listening = new Promise((done, failed) => {
    const cut = setTimeout(() => failed(new Error('it took too long')), READY_MS);
    void exited.then((code) => failed(new Error(`it ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      const message = jsonOf(line);
      if (message?.msg !== 'listening') return;
      clearTimeout(cut);
      done(message);
    });
  });
  try {
    const message = await listening;
    return { pid: child.pid, address: message.xds, listening: message, readyMs: performance.now() - started, tail, stop };
  } catch (error) {
    await stop();
    throw new Error(`mizzen serve did not start: ${error.message}\n${tail.join('\n')}`, { cause: error });
  }
}

function jsonOf(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
