/**
 * docs/coverage.md: what is done of the feature catalogue, from what names the ids: tests, the `why:` of golden files and of e2e scenarios, and the
 * conformance cases. What cannot be derived stands in coverage.yaml: the catalogue itself, what each case shows, and the statuses given by hand.
 * With `--check` nothing is written; it fails when coverage.md is stale or coverage.yaml contradicts itself.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const target = join(here, 'coverage.md');
/** Sections that are shown whole; of others only what is there already. */
const WHOLE = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27];
const STATUSES = ['done', 'refused', 'not yet'];

const kept = parse(readFileSync(join(here, 'coverage.yaml'), 'utf8'));
const sections = Object.entries(kept.catalogue).map(([title, rows]) => ({
  title,
  isWhole: WHOLE.includes(Number.parseInt(title, 10)),
  features: Object.entries(rows).map(([id, [priority, name]]) => ({ id, priority, name })),
}));
const known = new Set(sections.flatMap(({ features }) => features.map(({ id }) => id)));

/** `DR-023..DR-026` and `MT-001 to MT-003` count as all between. */
function idsIn(text) {
  const ids = new Set(text.match(/\b[A-Z]{2}-\d{3}\b/g));
  for (const [, prefix, from, to] of text.matchAll(/\b([A-Z]{2})-(\d{3})\s*(?:\.\.|…|to)\s*[A-Z]{2}-(\d{3})\b/g))
    for (let n = Number(from); n <= Number(to); n++) ids.add(`${prefix}-${String(n).padStart(3, '0')}`);
  return ids;
}

const add = (map, id, value) => map.set(id, (map.get(id) ?? new Set()).add(value));
const glob = (...patterns) =>
  globSync(patterns, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
const read = (file) => readFileSync(join(root, file), 'utf8');
/** Id → files and cases that show it. */
const shown = new Map();
for (const file of glob('src/**/*.test.ts', 'test/**/*.test.ts', 'e2e/**/*.e2e.ts')) {
  // What follows test, it, describe or one of their variants up to the end of the first string.
  for (const [, , name] of read(file).matchAll(/\b(?:test|it|describe)(?:\.\w+)*\s*(?:\([^'"`]*?\)\s*)?\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g))
    for (const id of idsIn(name)) add(shown, id, file);
}
for (const file of glob('src/**/testdata/*.{in,pods,gateways}.yaml', 'e2e/scenarios/*.yaml', 'e2e/security/*.yaml')) {
  // Each up to the next key of its header, as it may be folded; files of pods and gateways hold many cases.
  for (const [, why] of read(file).matchAll(/^why:(.*(?:\n[ ].*)*)/gm)) for (const id of idsIn(why)) add(shown, id, file);
}
const named = new Set(shown.keys());
for (const [name, ids] of Object.entries(kept.cases)) for (const id of ids) add(shown, id, name);
const cited = new Set(glob('src/**/*.ts').flatMap((file) => (file.endsWith('.test.ts') ? [] : [...idsIn(read(file))])));

/** Read, not used, and told so by `mizzen analyze`. */
const told = new Set([...read('src/analysis/no-effect.ts').matchAll(/feature: '(\w+-\d+)'/g)].map(([, id]) => id));

const faults = [];
for (const [where, ids] of [
  ['a test', named],
  ['cases', new Set(Object.values(kept.cases).flat())],
  ['statuses', new Set(Object.keys(kept.statuses))],
])
  for (const id of ids) if (!known.has(id)) faults.push(`${where}: the catalogue has no ${id}`);
for (const [id, entry] of Object.entries(kept.statuses)) {
  const [status] = Object.keys(entry);
  if (Object.keys(entry).length !== 1 || !STATUSES.includes(status)) faults.push(`statuses: ${id} needs one of ${STATUSES.join(', ')}`);
}

const link = (where) => (where.includes('/') ? `[${basename(where)}](../${where})` : `case ${where}`);
/** A status given by hand counts before what tests suggest: a test may show a part only. */
function statusOf(id) {
  const by = [...(shown.get(id) ?? [])].sort().map(link).join(', ');
  const [given] = Object.entries(kept.statuses[id] ?? {});
  if (given !== undefined) return { status: given[0], note: [given[1], by].filter(Boolean).join('; ') };
  if (told.has(id)) return { status: 'refused', note: ['`mizzen analyze` says that it has no effect, and why', by].filter(Boolean).join('; ') };
  if (by !== '') return { status: 'done', note: by };
  return { status: 'not yet', note: cited.has(id) ? 'in the code, no test names it' : '' };
}

const rows = new Map([...known].map((id) => [id, statusOf(id)]));
const isShown = ({ isWhole, features }) => isWhole || features.some(({ id }) => shown.has(id) || kept.statuses[id] !== undefined);
const count = (features, status) => features.filter(({ id }) => rows.get(id).status === status).length;
const summary = sections.filter(isShown).map(({ title, features }) => {
  const p0 = features.filter(({ priority }) => priority === 'P0');
  return `| ${title} | ${count(p0, 'done')} / ${p0.length} | ${STATUSES.map((status) => count(features, status)).join(' | ')} |`;
});
const cell = (text) => text.replaceAll('|', '\\|');
const tables = sections.filter(isShown).map(({ title, isWhole, features }) => {
  const listed = isWhole ? features : features.filter(({ id }) => rows.get(id).status !== 'not yet' || kept.statuses[id] !== undefined);
  const lines = listed.map(({ id, name, priority }) => `| ${id} | ${cell(name)} | ${priority} | ${rows.get(id).status} | ${cell(rows.get(id).note)} |`);
  return `## ${title}\n\n| Id | Feature | P | Status | Shown by, or why |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
});

const text = `# Coverage of the feature catalogue

Made by \`npm run docs\`. *Done*: a test, golden file, e2e scenario or exact conformance case (*case …*, run by \`npm run conformance\`) shows it, or
[coverage.yaml](coverage.yaml) says what does. *Refused*: a resource that asks for it is refused, or goes without it, and a message says so. *Not yet*: all
else; "in the code" means that it may well work, but nothing by that name proves it. P0 is what any user of a mesh relies on. Sections on
the CLI, installation and operation list only what is there.

| Section | P0 done | Done | Refused | Not yet |
|---|---|---|---|---|
${summary.join('\n')}

${tables.join('\n')}`;

for (const fault of faults) console.error(`coverage: ${fault}`);
if (process.argv.includes('--check')) {
  const isStale = !existsSync(target) || readFileSync(target, 'utf8') !== text;
  if (isStale) console.error('docs/coverage.md is not up to date; run `npm run docs`');
  if (isStale || faults.length > 0) process.exitCode = 1;
} else {
  writeFileSync(target, text);
  if (faults.length > 0) process.exitCode = 1;
}
