/** The load driver: built once with Go, then run against a server for one case; its JSON lines become rows. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Builds the driver from its source folder; throws with what to do when that is missing. */
export function buildDriver(source, folder) {
  if (!existsSync(join(source, 'main.go'))) throw new Error(`no load driver in ${source}: name its folder in MIZZEN_XDSLOAD`);
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'xdsload');
  const { status, error, stderr } = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`the load driver needs Go: ${error.message}`);
  if (status !== 0) throw new Error(`go build in ${source}: ${stderr}`);
  return program;
}

/** Puts an edited file in place by renaming, as an editor does. */
const edit = (edited, target) => `mv '${edited}' '${target}'`;

/** Runs one case; resolves to the driver's rows in order. */
export function runDriver({ program, server, clients, variant, edits, timeoutMs }) {
  const phases = edits.flatMap(({ phase, type, marker, edited, target }) => ['-phase', `${phase}|${type}|${marker}|${edit(edited, target)}`]);
  const common = ['-addr', server.address, '-n', String(clients), '-mode', variant, '-pid', String(server.pid), '-settle', '1s'];
  const child = spawn(program, [...common, '-timeout', '120s', ...phases], { stdio: ['ignore', 'pipe', 'pipe'] });
  const cut = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', () => {
      clearTimeout(cut);
      if (err !== '') console.error(err.trim());
      const rows = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
      const bad = rows.find((row) => !row.ok) ?? (rows.length < edits.length + 1 ? { phase: 'run' } : undefined);
      if (bad === undefined) done(rows);
      else failed(new Error(`${variant} with ${clients} clients: phase ${bad.phase} did not reach every client: ${JSON.stringify(bad)}`));
    });
  });
}
