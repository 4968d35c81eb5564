/**
 * Programs of Debian packages that tests need and nobody should have to install: fetched by apt, which checks the signatures, and unpacked under
 * `.state`. So no user is made and no service begins to listen on the machine of whoever runs the tests.
 */
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, run } from './processes.js';

/** The path of a program: on PATH, or `file` of the package `name`. Throws with what to do when there is neither. */
export async function debianProgram(name: string, file: string): Promise<string> {
  const onPath = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, name));
  const found = onPath.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const target = join(checkout, '.state', 'debian', name);
  if (!existsSync(target)) await unpack(name, file, target);
  return target;
}

async function unpack(name: string, file: string, target: string): Promise<void> {
  const folder = `${target}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const download = (): Promise<string> =>
    run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: folder, timeoutMs: 180_000 });
  try {
    // A list that is missing or old leads nowhere; then it is fetched anew, which needs root.
    await download().catch(async () => {
      await run('apt-get', ['-qq', 'update'], { timeoutMs: 180_000 });
      return download();
    });
    const [archive = ''] = globSync('*.deb', { cwd: folder });
    await run('dpkg-deb', ['-x', join(folder, archive), folder]);
    renameSync(join(folder, file), target);
  } catch (error) {
    throw new Error(`there is no ${name}: install it (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
