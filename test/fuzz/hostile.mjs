/**
 * Hostile input: what a stranger or an author of YAML can send, against the code that reads it. Each fuzzer is a file in hostile/ and runs in a
 * process of its own, so that what hangs, crashes or eats memory is found too. Kept inputs (hostile/corpus/NAME) go first.
 *
 * `node test/fuzz/hostile.mjs [--seconds 60] [--only NAME] [--seed N] [--keep]`: seconds are of the wall clock, shared by all fuzzers, two at a
 * time; `--keep` writes an input that broke something into the corpus. The build must be there.
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const FUZZERS = readdirSync(new URL('hostile/', import.meta.url))
  .filter((file) => file.endsWith('.fuzz.mjs'))
  .map((file) => file.slice(0, -'.fuzz.mjs'.length));
/** One input may not take more CPU, nor use more memory than this. By the wall clock it may be longer on a machine that has more to do. */
const HANG_MS = 60_000;
const HEAP_MB = 768;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2_000_000_000) },
    keep: { type: 'boolean', default: false },
  },
});
const names = FUZZERS.filter((name) => values.only === undefined || values.only.split(',').includes(name));
if (names.length === 0) throw new Error(`--only: one of ${FUZZERS.join(', ')}`);
const workers = Math.min(2, availableParallelism(), names.length);
const scratch = mkdtempSync(join(tmpdir(), 'mizzen-hostile-'));
const seconds = (Number(values.seconds) * workers) / names.length;

/** Runs one fuzzer; resolves to what its process reported, or to how it ended without. */
function run(name) {
  return new Promise((resolve) => {
    // A process that hangs sends no message: what it was given lies in a file.
    const inputFile = join(scratch, name);
    const child = fork(new URL('hostile/worker.mjs', import.meta.url), [name, String(seconds), values.seed, inputFile], {
      execArgv: [`--max-old-space-size=${HEAP_MB}`, '--no-warnings'],
    });
    let report;
    let hung = false;
    let timer;
    const watch = (since = cpuMs(child.pid)) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (cpuMs(child.pid) - since < HANG_MS / 2) return watch(since);
        hung = true;
        child.kill('SIGKILL');
      }, HANG_MS);
    };
    watch();
    child.on('message', (message) => {
      watch();
      if (message.report === undefined) return;
      report = JSON.parse(message.report);
      child.disconnect();
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const why = hung ? `still busy after ${HANG_MS / 1000} s` : `its process ended with ${signal ?? code}`;
      resolve({ name, ...(report ?? { inputs: 0, kept: 0, seconds: 0, worstMs: 0, failure: { input: lastInput(inputFile), error: why } }) });
    });
  });
}

/** CPU time of a process so far; where the system does not tell, as much as the wall clock's. */
function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Date.now();
  }
}

function lastInput(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function keep(name, { input, error }) {
  const folder = new URL(`hostile/corpus/${name}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(input);
  const file = new URL(`${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`, folder);
  writeFileSync(file, `${JSON.stringify({ why: error.split('\n', 1)[0], input }, undefined, 2)}\n`);
  return file.pathname;
}

const queue = [...names];
const results = [];
await Promise.all(
  Array.from({ length: workers }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const result = await run(name);
      results.push(result);
      const { inputs, kept, seconds: took, worstMs, failure } = result;
      console.log(`${name}: ${inputs} inputs (${kept} kept) in ${took} s, the slowest ${worstMs} ms${failure === undefined ? '' : ', FAILED'}`);
      if (failure === undefined) continue;
      const text = JSON.stringify(failure.input) ?? '';
      console.log(`FAIL ${name}: ${failure.error}\n  input: ${text.length > 4_000 ? `${text.slice(0, 4_000)}… (${text.length} characters)` : text}`);
      if (values.keep) console.log(`  kept as ${keep(name, failure)}`);
    }
  }),
);
rmSync(scratch, { recursive: true, force: true });
const failed = results.filter(({ failure }) => failure !== undefined).length;
console.log(`seed ${values.seed}`);
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
