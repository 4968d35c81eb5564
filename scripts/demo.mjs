/**
 * `npm run demo [-- --keep]`: from a fresh clone to real Envoys carrying traffic. This first part is plain Node (20.19 or newer) without packages:
 * it installs what is missing, builds, finds an Envoy, and hands over to the story (e2e/demo/story.ts) under the Node that the project pins.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envoyVersion, findEnvoy } from './envoy.mjs';
import { build, installPackages, packagesAreThere } from './setup.mjs';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(
      'npm run demo [-- --keep]\n\nRuns the example shop with Mizzen and real Envoys on loopback addresses and walks through a story.\n  --keep  leave it running afterwards; Ctrl-C ends it\n',
    );
    process.exit(0);
  }
  await step('packages', packagesAreThere(), () => installPackages(run));
  await step('build', isBuilt(), () => build(run));
  let envoy = '';
  await step('Envoy', false, async () => {
    envoy = await findEnvoy({ say: (text) => process.stderr.write(`      ${text}\n`) });
    return `${await envoyVersion(envoy)} at ${envoy}`;
  });
  const node = join(checkout, 'node_modules', '.bin', 'node');
  const story = spawn(
    existsSync(node) ? node : process.execPath,
    ['--no-warnings', '--import', './e2e/harness/ts-imports.mjs', 'e2e/demo/story.ts', ...process.argv.slice(2)],
    { cwd: checkout, stdio: 'inherit', env: { ...process.env, MIZZEN_ENVOY: envoy } },
  );
  // The story cleans up after itself; this process only passes signals on and waits. (Ctrl-C reaches both: the story takes the first for all.)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => story.kill(signal));
  process.exitCode = await new Promise((resolve) => story.on('close', (code) => resolve(code ?? 1)));
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}

/** Built, and nothing under src is newer than the build. */
function isBuilt() {
  const built = join(checkout, 'dist', '.tsbuildinfo');
  if (!existsSync(built)) return false;
  const at = statSync(built).mtimeMs;
  return readdirSync(join(checkout, 'src'), { recursive: true, withFileTypes: true }).every(
    (entry) => !entry.isFile() || statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs <= at,
  );
}

async function step(name, done, work) {
  if (done) return;
  const begun = Date.now();
  process.stderr.write(`  …   ${name}\n`);
  const note = await work();
  process.stderr.write(`  ok  ${name}${typeof note === 'string' ? `: ${note}` : ''} (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`);
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(undefined) : reject(new Error(`${command} ${args.join(' ')} failed:\n${output.slice(-4000)}`)),
    );
  });
}
