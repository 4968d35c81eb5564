/** What CI runs, in order, with the sum of all counts in the last line. A part that prints no count counts by its exit code. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';

/** Where random input begins: at another place after each change of what is fuzzed, at the same one for the same sources, so that a verdict can be had again. */
function sourceSeed() {
  const trees = ['HEAD:src', 'HEAD:test/fuzz'].map((tree) => execFileSync('git', ['rev-parse', tree], { encoding: 'utf8' }));
  return createHash('sha256').update(trees.join()).digest().readUInt32BE() >>> 1;
}

let seed;
try {
  seed = String(sourceSeed());
} catch {
  seed = String(Date.now() % 2_000_000_000); // no git, or a copy without history
}

const parts = [
  ['checks', 'npm', ['run', '--silent', 'check']],
  ['tests', 'npm', ['test', '--silent']],
  ['conformance', 'npm', ['run', '--silent', 'conformance', '--', '--check', '--envoy']],
  ['fuzz', 'npm', ['run', '--silent', 'fuzz', '--', '--seconds', '40', '--from', seed]],
  // Translated only: with an Envoy that judges each result it takes as long as all of this.
  ['fields', 'npm', ['run', '--silent', 'fuzz:fields', '--', '--no-envoy']],
  // Seven fuzzers, two at a time: a minute for each. Longer runs by hand (docs/threat-model.md says how long each has run).
  ['hostile input', 'npm', ['run', '--silent', 'fuzz:hostile', '--', '--seconds', '210', '--seed', seed]],
  ['e2e', 'npm', ['run', '--silent', 'e2e']],
  ['demo', 'npm', ['run', '--silent', 'demo']],
];

/** Runs a part with its output shown; resolves to its counts. */
function run([name, command, args]) {
  return new Promise((resolve) => {
    console.log(`\n===== ${name}: ${command} ${args.join(' ')}`);
    const begun = Date.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CI: 'true', FORCE_COLOR: '0' } });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        process.stdout.write(data);
        tail = (tail + data).slice(-2_000_000);
      });
    }
    child.on('close', (code) => {
      const seconds = Math.round((Date.now() - begun) / 1000);
      resolve({ name, code: code ?? 1, seconds, ...counts(tail, code ?? 1), failures: failures(tail) });
    });
  });
}

/** Jest's closing line or our own `N passed, N failed`, whichever came last. */
function counts(output, code) {
  const own = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  const jest = [...output.matchAll(/^Tests:\s+(.*)$/gm)].at(-1)?.[1];
  const of = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(jest ?? '')?.[1] ?? 0);
  const found =
    own === undefined
      ? jest === undefined
        ? undefined
        : { passed: of('passed'), failed: of('failed'), skipped: of('skipped') }
      : { passed: Number(own[1]), failed: Number(own[2]), skipped: Number(own[3] ?? 0) };
  if (found === undefined) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  return { ...found, failed: code !== 0 && found.failed === 0 ? 1 : found.failed };
}

/** The names of what failed: jest's titles of failed tests and of suites that did not run, and lines of ours that begin with FAIL. */
function failures(output) {
  const lines = [...output.matchAll(/^(?: {2}● .+|FAIL .+|not ok .+)$/gm)].map(([line]) => line.trim());
  return [...new Set(lines)];
}

const only = process.argv.slice(2);
const results = [];
for (const part of parts) if (only.length === 0 || only.includes(part[0])) results.push(await run(part));
console.log();
for (const { name, code, failures: failed } of results) if (code !== 0) for (const line of failed) console.log(`${name}: ${line}`);
const row = ({ code, seconds, passed, failed, skipped: left }) => ({ code, seconds, passed, failed, skipped: left });
console.table(Object.fromEntries(results.map((result) => [result.name, row(result)])));
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const skipped = sum('skipped');
console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = results.every((result) => result.code === 0) ? 0 : 1;
