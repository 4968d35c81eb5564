/**
 * docs/guides/: puts the YAML of examples/guides into the guides, below each line `[examples/…yaml](…)`, so that what is shown is what is tested.
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
    /^\[(examples\/guides\/\S+\.yaml)\]\(\S+\)(?:\n\n```yaml\n[^]*?\n```)?$/gm,
    (_, path) => `[${path}](../../${path})\n\n\`\`\`yaml\n${readFileSync(join(here, '../..', path), 'utf8').trimEnd()}\n\`\`\``,
  );
  if (filled === text) continue;
  if (isCheck) {
    console.error(`docs/guides/${name} does not show its files; run \`node docs/guides.mjs\``);
    process.exitCode = 1;
  } else writeFileSync(join(here, name), filled);
}
