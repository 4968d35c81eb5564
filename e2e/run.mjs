/**
 * `npm run e2e -- [--envoy VERSION] [--storm SECONDS] [jest arguments]`: sets up what is missing and runs the end-to-end tests, with another Envoy
 * if asked for (1.36.x to 1.40.0), and with a longer storm of edits.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const variables = { '--envoy': 'MIZZEN_ENVOY_VERSION', '--storm': 'MIZZEN_STORM_S' };
const env = { ...process.env };
const rest = [];
const args = process.argv.slice(2);
while (args.length > 0) {
  const [flag = '', attached] = args.shift().split(/=(.*)/s);
  const variable = variables[flag];
  if (variable === undefined) {
    rest.push(attached === undefined ? flag : `${flag}=${attached}`);
    continue;
  }
  const value = attached ?? args.shift();
  if (value === undefined) {
    console.error(`${flag} needs a value`);
    process.exit(2);
  }
  env[variable] = value;
}

const run = (command, list) => spawnSync(command, list, { cwd: checkout, env, stdio: 'inherit' }).status ?? 1;
const ready = run(process.execPath, ['scripts/setup.mjs']);
const packaged = join(checkout, 'node_modules', '.bin', 'node');
const node = existsSync(packaged) ? packaged : process.execPath;
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '-c', 'e2e/jest.config.js', '--runInBand'];
process.exitCode = ready === 0 ? run(node, [...jest, ...rest]) : ready;
