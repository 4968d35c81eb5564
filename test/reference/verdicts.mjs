/**
 * Verdicts about single resources, the reference's beside ours: every resource of Istio's and Gateway API's kinds in our golden inputs, scenarios and
 * the conformance data, and each field of them spoiled, replaced by what it holds elsewhere, or put where it was not.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { odd } from '../fuzz/spoil.mjs';
import { changed, firstTimes, Pool } from './pool.mjs';

const ELSEWHERE = 8;
const isJudged = (one) => /\.istio\.io\/|^gateway\.networking\./.test(one?.apiVersion) && typeof one.metadata?.name === 'string';

function* resourcesUnder(folder, ending) {
  for (const file of readdirSync(folder, { recursive: true }).map(String).sort()) {
    if (!file.endsWith(ending)) continue;
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'))) {
      const value = document.errors.length === 0 ? document.toJS() : undefined;
      const all = value?.kind === 'List' ? value.items : [value, ...(Array.isArray(value?.mesh) ? value.mesh : [])];
      for (const one of all) if (isJudged(one)) yield one;
    }
  }
}

const OURS = ['metadata', 'apiVersion', 'kind', 'status'];

/** `{ what, resource }` of everything to judge; a field is spoiled in `each` resources. */
export function* spoiledResources(folders, each) {
  const all = [
    ...new Map(folders.flatMap(([folder, ending]) => [...resourcesUnder(folder, ending)]).map((one) => [JSON.stringify(one), one])).values(),
  ];
  const pool = new Pool();
  for (const one of all) pool.add(one.kind, one);
  const how = {
    pool,
    isNew: firstTimes(each),
    skips: (path) => path.length === 0 || OURS.includes(path[0]),
    puts: (now, field) => [...odd(now), ...pool.values(field, ELSEWHERE)],
  };
  for (const resource of all) {
    const named = (what) => `${resource.kind} ${resource.metadata.name} ${what}`;
    yield { what: named('as it is'), resource };
    for (const [what, other] of changed(resource.kind, resource, how)) yield { what: named(what.slice(0, 300)), resource: other };
  }
}

/** Asks both; a line for each difference, and a table of what was judged. */
export function compareVerdicts({ binary, module, work, folders, each, only, parseResources }) {
  const all = [...spoiledResources(folders, each)].filter(({ what }) => what.includes(only));
  const [input, output] = [join(work, 'verdicts-in.jsonl'), join(work, 'verdicts-out.jsonl')];
  writeFileSync(input, all.map(({ resource }) => `${JSON.stringify(resource)}\n`).join(''));
  const env = { ...process.env, REFERENCE_VERDICTS_IN: input, REFERENCE_VERDICTS_OUT: output, REFERENCE_MODULE: module };
  const { status, stdout } = spawnSync(binary, ['-test.run', 'TestVerdicts'], { env, encoding: 'utf8', cwd: work, maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(stdout.slice(-2000));
  const said = readFileSync(output, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const table = {};
  for (const [at, { what, resource }] of all.entries()) {
    const { problems } = parseResources(JSON.stringify(resource));
    const ours = problems.some(({ severity }) => severity === 'error') ? 'reject' : problems.length > 0 ? 'warn' : 'accept';
    const { verdict, layer, said: why } = said[at];
    table[verdict] ??= { accept: 0, warn: 0, reject: 0 };
    table[verdict][ours]++;
    if (verdict === ours) continue;
    const mine = problems
      .map(({ field, message }) => `${field}: ${message}`)
      .join('; ')
      .slice(0, 300);
    console.log(`${verdict}${layer ? ` (${layer})` : ''} / ours ${ours}: ${what}\n    ${why?.slice(0, 300) ?? ''}\n    ${mine}`);
  }
  console.table(table);
}
