/**
 * Programs for the end-to-end tests that are built with Go from a folder of e2e/: kept in the user's cache folder, by the hash of their sources. Plain
 * Node.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = dirname(dirname(fileURLToPath(import.meta.url)));

/** Version that a module of e2e/ requires of another. */
export const requiredVersion = (folder, module) =>
  readFileSync(join(top, 'e2e', folder, 'go.mod'), 'utf8')
    .match(new RegExp(`^\\s*${module.replaceAll('.', '\\.')} v(\\S+)`, 'm'))
    ?.at(1) ?? '';

/** Where the program is, or will be once it was built. */
export function goProgramPath({ name, folder, version, variable }) {
  const given = process.env[variable];
  if (given) return given;
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(top, 'e2e', folder, file)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'mizzen', `${name}-${version}-${hash.digest('hex').slice(0, 12)}`);
}

/** Path of the program; builds it when it is not there. `say` hears about that. */
export async function findGoProgram(program, say) {
  const { name, folder, version, variable, takes, target = '.', stamps = {} } = program;
  const path = goProgramPath(program);
  if (existsSync(path)) return path;
  if (process.env[variable]) throw new Error(`${variable}=${path}: no such file`);
  say(`building ${name} ${version} (${takes}, once)`);
  mkdirSync(dirname(path), { recursive: true });
  // Under another name first: an interrupted or parallel build never leaves half a program.
  const fresh = `${path}.${process.pid}`;
  const flags = Object.entries(stamps).map(([key, value]) => `-X ${key}=${value}`);
  try {
    const args = ['build', '-trimpath', '-buildvcs=false', '-p=2', '-ldflags', ['-s -w', ...flags].join(' '), '-o', fresh, target];
    await go(name, join(top, 'e2e', folder), args);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
  return path;
}

/** What programs of Kubernetes say when asked for their version. */
export function kubernetesStamps(version) {
  const [gitMajor, gitMinor] = version.split('.');
  const all = { gitVersion: `v${version}`, gitMajor, gitMinor };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [`k8s.io/component-base/version.${key}`, value]));
}

function go(name, cwd, args) {
  return new Promise((resolve, reject) => {
    const child = spawn('nice', ['-n', '10', 'go', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output = (output + data).slice(-4000)));
    child.on('error', (error) => reject(new Error(`the ${name} of the end-to-end tests needs Go: ${error.message}`)));
    child.on('close', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`go build in ${cwd} ended with ${code}:\n${output}`))));
  });
}
