/**
 * The HTTP client as a program of its own, to be run inside a pod: `probe.ts get URL [JSON]` prints the Answer; `probe.ts load JSON` sends until
 * it is told to stop (SIGTERM) and prints the LoadResult; `probe.ts burst JSON` sends `total` requests. Labels are the body's service and version.
 */
import { type Answer, type Ask, fetchOnce } from './http.js';
import { burst, startLoad } from './load.js';

/** What a load or burst is told. */
export interface ProbePlan extends Ask {
  readonly url: string;
  readonly perSecond?: number;
  readonly total?: number;
}

const [mode, first = '', second = '{}'] = process.argv.slice(2);
if (mode === 'get') print(await fetchOnce(first, JSON.parse(second) as Ask));
if (mode === 'burst') {
  const plan = JSON.parse(first) as ProbePlan;
  print(await burst({ ...plan, label: who }, plan.total ?? 100));
}
if (mode === 'load') {
  const plan = JSON.parse(first) as ProbePlan;
  const load = startLoad({ ...plan, perSecond: plan.perSecond ?? 100, label: who });
  process.on('SIGTERM', () => void load.stop().then((result) => process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))));
}

/** Service and version that answered, as the test application reports them. */
function who(answer: Answer): string {
  try {
    const { service, version } = JSON.parse(answer.body) as { service: string; version: string };
    return `${service} ${version}`;
  } catch {
    return String(answer.status || answer.error);
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
