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

/** Runs a command in the checkout; throws when it fails. */
function run(command, args, { tolerate = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: checkout, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 || tolerate ? resolve(code) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`))));
  });
}

const lockHash = () => createHash('sha256').update(readFileSync(join(checkout, 'package-lock.json'))).digest('hex');

/** Installs packages when they are missing or not those of the lock file. */
export async function installPackages() {
  const wanted = lockHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('setup: installing packages');
  const flags = ['--no-audit', '--no-fund', '--loglevel=error'];
  // A lock file written on one platform can lack optional packages of another, which `npm ci` refuses.
  if ((await run(npm, ['ci', ...flags], { tolerate: true })) !== 0) await run(npm, ['install', '--no-save', ...flags]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Generates and compiles; incremental. */
export async function build() {
  await run(npm, ['run', '--silent', 'build']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await installPackages();
    await build();
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exit(1);
  }
}
