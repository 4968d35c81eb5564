/** `mizzen version` */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';

/** Version of the package. */
export const VERSION: string = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

export function addVersion(program: Command): void {
  program
    .command('version')
    .description('print the version of mizzen and of the Node that runs it')
    .action(() => console.log(`mizzen ${VERSION} (node ${process.versions.node})`));
}
