/** The reference's side: a program of its packages and of the Go files here, and what it answers for folders of cases. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { editDouble } from './double.mjs';

/** The commit that the conformance data were made with is of the same month. */
const MODULE = 'istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad';
const cache = join(import.meta.dirname, '../../node_modules/.cache/reference');

/** Where the reference's sources are. */
export const moduleFolder = () => JSON.parse(execFileSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8', cwd: tmpdir() })).Dir;

/** The program; built in the folder `work` when it is not there yet. */
export function build(work) {
  const programs = ['reference_test.go', 'clusters_test.go', 'verdicts_test.go'];
  const hash = createHash('sha256');
  for (const file of [...programs, 'double.mjs', 'double/clusters.go']) hash.update(readFileSync(join(import.meta.dirname, file)));
  const binary = join(cache, `${hash.digest('hex').slice(0, 12)}.test`);
  if (existsSync(binary)) return binary;
  console.log(`building ${MODULE}`);
  const source = join(work, 'istio');
  rmSync(source, { recursive: true, force: true });
  cpSync(moduleFolder(), source, { recursive: true });
  execFileSync('chmod', ['-R', 'u+w', source]);
  mkdirSync(join(source, 'reference'));
  for (const file of programs) copyFileSync(join(import.meta.dirname, file), join(source, 'reference', file));
  editDouble(source);
  mkdirSync(cache, { recursive: true });
  // Without paths in it, so that Go's cache serves the next build.
  execFileSync('go', ['test', '-trimpath', '-vet=off', '-c', '-o', binary, './reference'], { cwd: source, stdio: 'inherit' });
  return binary;
}

/** What `--mcs` is called there; each part brings what it is worth nothing without. */
const DISCOVERY = ['ENABLE_MCS_SERVICE_DISCOVERY'];
const HOST = [...DISCOVERY, 'ENABLE_MCS_HOST'];
const MCS = { discovery: DISCOVERY, host: HOST, 'cluster-local': [...HOST, 'ENABLE_MCS_CLUSTER_LOCAL'] };

/** The parts of Multi-Cluster Services that a case asks for. */
export function mcsOf(at) {
  const file = join(at, 'mcs.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** Asks about cases of a folder, several in one process; what the reference can't take may end it, then each has one of its own. */
export function ask(binary, { cases, expected, work }, names) {
  const variables = mcsOf(join(cases, names[0])).flatMap((part) => MCS[part]);
  const { status, stdout } = spawnSync(binary, ['-test.v', '-test.run', `TestReference/^(${names.join('|')})$`], {
    env: {
      ...process.env,
      PILOT_ENABLE_METADATA_EXCHANGE: 'false',
      PILOT_ENABLE_ALPN_FILTER: 'false',
      PILOT_ENABLE_ALPHA_GATEWAY_API: 'true',
      REFERENCE_IN: cases,
      REFERENCE_OUT: expected,
      ...Object.fromEntries(variables.map((variable) => [variable, 'true'])),
    },
    encoding: 'utf8',
    timeout: 60_000 * names.length,
    maxBuffer: 2 ** 28, // it logs each collection that it watches
    cwd: work,
  });
  if (status === 0) {
    for (const [line] of stdout.matchAll(/skipped .*/g)) console.log(`${names.length > 1 ? '' : `${names[0]}: `}the reference ${line}`);
    return;
  }
  for (const name of names) rmSync(join(expected, name), { recursive: true, force: true });
  if (names.length > 1) for (const name of names) ask(binary, { cases, expected, work }, [name]);
  else
    console.log(`${names[0]}: left out, the reference ended with ${/panic: .*|reference_test\.go:\d+: (?!skipped).*/.exec(stdout)?.[0] ?? status}`);
}
