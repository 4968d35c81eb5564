/** One fuzzer in its own process: writes each input down before it is tried, and tells the outcome at the end. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { watchRegExp } from './regexp-watch.mjs';

const [, , name, seconds, firstSeed, inputFile] = process.argv;
/** CPU time that one input may take, garbage collection included, on a machine that has more to do: a constant, and some for each byte. */
const SLOW_MS = 4_000;
const SLOW_MS_PER_BYTE = 0.1;

const broken = watchRegExp();
const { inputs, check } = await import(`./${name}.fuzz.mjs`);
const begun = Date.now();
const end = begun + Number(seconds) * 1000;
const state = { inputs: 0, kept: 0, worstMs: 0 };
const faults = [];
process.on('unhandledRejection', (error) => faults.push(error));
process.on('uncaughtException', (error) => faults.push(error));

async function attempt(input) {
  const json = JSON.stringify(input) ?? '';
  writeFileSync(inputFile, json);
  state.inputs++;
  process.send({});
  const { user, system } = process.cpuUsage();
  await check(input);
  const used = process.cpuUsage();
  const ms = Math.round((used.user + used.system - user - system) / 1000);
  state.worstMs = Math.max(state.worstMs, ms);
  const fault = broken.shift() ?? faults.shift();
  if (fault !== undefined) throw fault;
  if (ms > SLOW_MS + SLOW_MS_PER_BYTE * json.length) throw new Error(`took ${ms} ms of CPU`);
  const added = Object.keys(Object.prototype);
  if (added.length > 0) throw new Error(`Object.prototype got ${added}`);
}

function keptInputs() {
  const folder = new URL(`corpus/${name}/`, import.meta.url);
  let files = [];
  try {
    files = readdirSync(folder);
  } catch {
    return [];
  }
  return files.map((file) => ({ file, ...JSON.parse(readFileSync(new URL(file, folder), 'utf8')) }));
}

async function fuzz() {
  for (const { file, input } of keptInputs()) {
    state.kept++;
    try {
      await attempt(input);
    } catch (error) {
      return { input, error: `kept input ${file}: ${error.stack}` };
    }
  }
  for (let seed = Number(firstSeed); Date.now() < end; seed++) {
    const found = await fc.check(fc.asyncProperty(inputs, attempt), {
      seed,
      numRuns: 500,
      interruptAfterTimeLimit: end - Date.now(),
      markInterruptAsFailure: false,
    });
    // Interrupted before its first input: the time was up.
    if (found.failed && found.counterexample !== null)
      return { input: found.counterexample[0], error: `seed ${seed} path ${found.counterexamplePath}: ${found.errorInstance?.stack}` };
  }
  return undefined;
}

const failure = await fuzz().catch((error) => ({ error: `the fuzzer itself: ${error.stack}` }));
const report = { ...state, seconds: Math.round((Date.now() - begun) / 1000), ...(failure && { failure }) };
process.on('disconnect', () => process.exit(0));
// Whatever the failure is of, its report has to arrive.
const text = () => {
  try {
    return JSON.stringify(report);
  } catch (error) {
    return JSON.stringify({ ...report, failure: { error: `${report.failure?.error}\n(its input cannot be printed: ${error.message})` } });
  }
};
process.send({ report: text() });
