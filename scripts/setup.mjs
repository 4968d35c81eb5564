/**
 * Everything a fresh clone lacks: packages as the lock file says, the generated Envoy API, the build. Plain Node (20.19 or newer), no packages.
 * Called first by `npm test` and the other commands; does nothing when all is there.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(checkout, 'node_modules', '.mizzen-setup');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Runs a command in the checkout with its output shown; rejects when it fails. */
function show(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`))));
  });
}

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(checkout, 'package-lock.json')))
    .digest('hex');

/** True when what is installed was installed from this lock file. */
export const packagesAreThere = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();

/**
 * Installs packages when they are missing or not those of the lock file. Not `npm ci`: a lock file made where a registry does not tell of the
 * optional packages of other platforms lacks them, and `npm ci` refuses that; `npm install` keeps to the lock's versions all the same.
 */
export async function installPackages(run = show) {
  if (packagesAreThere()) return;
  await run(npm, ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lockHash());
}

/** Generates and compiles; incremental. */
export async function build(run = show) {
  await run(npm, ['run', '--silent', 'build']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (!packagesAreThere()) console.log('setup: installing packages');
    await installPackages();
    await build();
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exit(1);
  }
}
