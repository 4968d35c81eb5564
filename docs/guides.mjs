/**
 * docs/guides/: puts the files of examples/guides into the guides, below each line `[examples/…yaml](…)` or `.sh`, so that what is shown is what is tested.
 * With `--check` nothing is written; it fails when a guide shows something else than the file.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = join(dirname(fileURLToPath(import.meta.url)), 'guides');
const isCheck = process.argv.includes('--check');

for (const name of readdirSync(here).filter((file) => file.endsWith('.md'))) {
  const text = readFileSync(join(here, name), 'utf8');
  const filled = text.replace(
    /^\[(examples\/guides\/\S+\.(yaml|sh))\]\(\S+\)(?:\n\n```\2\n[^]*?\n```)?$/gm,
    (_, path, kind) => `[${path}](../../${path})\n\n\`\`\`${kind}\n${readFileSync(join(here, '../..', path), 'utf8').trimEnd()}\n\`\`\``,
  );
  if (filled === text) continue;
  if (isCheck) {
    console.error(`docs/guides/${name} does not show its files; run \`npm run docs\``);
    process.exitCode = 1;
  } else writeFileSync(join(here, name), filled);
}
