/**
 * Which features have a test: the ids of the feature catalogue, found in names of tests and in the `why:` of golden files. Writes docs/coverage.md;
 * with `--check` it only compares. The catalogue is not part of the repository: MIZZEN_FEATURES says where it is (default ../shared/reference/features.md).
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const catalogue = resolve(root, process.env.MIZZEN_FEATURES ?? '../shared/reference/features.md');
const target = join(here, 'coverage.md');
if (!existsSync(catalogue)) {
  console.error(`no feature catalogue at ${catalogue}; set MIZZEN_FEATURES`);
  process.exit(1);
}

/** `DR-023..DR-026` and `MT-001 to MT-003` count as all between. */
function idsIn(text) {
  const ids = new Set(text.match(/\b[A-Z]{2}-\d{3}\b/g));
  for (const [, prefix, from, to] of text.matchAll(/\b([A-Z]{2})-(\d{3})\s*(?:\.\.|…|to)\s*[A-Z]{2}-(\d{3})\b/g))
    for (let n = Number(from); n <= Number(to); n++) ids.add(`${prefix}-${String(n).padStart(3, '0')}`);
  return ids;
}

const add = (map, id, value) => map.set(id, (map.get(id) ?? new Set()).add(value));
const tested = new Map();
for (const file of globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'e2e/**/*.e2e.ts'], { cwd: root })) {
  const text = readFileSync(join(root, file), 'utf8');
  // What follows test, it, describe or one of their variants up to the end of the first string.
  for (const [, , name] of text.matchAll(/\b(?:test|it|describe)(?:\.\w+)*\s*(?:\([^'"`]*?\)\s*)?\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g))
    for (const id of idsIn(name)) add(tested, id, file);
}
for (const file of globSync('src/**/testdata/*.in.yaml', { cwd: root })) {
  const why = /^why:(.*)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? '';
  for (const id of idsIn(why)) add(tested, id, file);
}
const cited = new Set(
  globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => [...idsIn(readFileSync(join(root, file), 'utf8'))]),
);

const sections = [];
for (const line of readFileSync(catalogue, 'utf8').split('\n')) {
  const heading = /^## (\d+\. .*)$/.exec(line);
  if (heading) sections.push({ title: heading[1], features: [] });
  const row = /^\| ([A-Z]{2}-\d{3}) \| ((?:\\\||[^|])*?) \|.*\| (P[0-2])[^|]*\|$/.exec(line);
  if (row) sections.at(-1).features.push({ id: row[1], name: row[2], priority: row[3] });
}
const known = new Set(sections.flatMap(({ features }) => features.map(({ id }) => id)));
const unknown = [...tested.keys()].filter((id) => !known.has(id)).sort();

const files = (id) =>
  [...(tested.get(id) ?? [])]
    .sort()
    .map((file) => `[${file.replace(/^.*\//, '')}](../${file})`)
    .join(', ');
const counted = (features) => `${features.filter(({ id }) => tested.has(id)).length} / ${features.length}`;
const shown = sections.filter(({ features }) => features.some(({ id }) => tested.has(id) || cited.has(id)));
const summary = shown.map(
  ({ title, features }) => `| ${title} | ${counted(features.filter(({ priority }) => priority === 'P0'))} | ${counted(features)} |`,
);
const tables = shown.map(({ title, features }) => {
  const rows = features.filter(({ id, priority }) => priority === 'P0' || tested.has(id) || cited.has(id));
  const lines = rows.map(
    ({ id, name, priority }) => `| ${id} | ${name} | ${priority} | ${files(id) || (cited.has(id) ? 'in the code, no test by that name' : '')} |`,
  );
  return `## ${title}\n\n| Id | Feature | P | Tested by |\n|---|---|---|---|\n${lines.join('\n')}\n`;
});

const text = `# Coverage of the feature catalogue

Made by \`node docs/coverage.mjs\`: a feature counts as tested when its id stands in the name of a test or in the \`why:\` of a golden file. The conformance
suite tests many more without naming them. P0 is what any user of a mesh relies on. Sections of which nothing is there yet are left out.

| Section | P0 tested | All tested |
|---|---|---|
${summary.join('\n')}

${tables.join('\n')}${unknown.length === 0 ? '' : `\nIds in tests that the catalogue does not have: ${unknown.join(', ')}\n`}`;

if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error('docs/coverage.md is not up to date; run `node docs/coverage.mjs`');
    process.exitCode = 1;
  }
} else writeFileSync(target, text);
