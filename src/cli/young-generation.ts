/**
 * Bounds the part of the heap where new objects live. V8 lets it grow to 128 MB on a big machine, which a control plane that sends shared
 * bytes has no use for: with 500 proxies that was a third of the resident memory. There is a flag for the start of the process
 * (`--max-semi-space-size`), but no way to set it from inside, and people start `mizzen` in many ways; so the space is made to grow to the
 * wanted size and then kept from growing. In idle times V8 shrinks it to 1 MB: then it may grow again, up to the bound. https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** With 500 clients half of it saves 15 MB and takes more CPU in most runs; twice as much takes 40 MB more. */
const WANTED_BYTES = 32 << 20;
/** Survivors make it grow; a heap that does not within these rounds stays as it is. */
const MAX_ROUNDS = 100;
const ROUND_OBJECTS = 20_000;

/** To be called once, before the program's modules are loaded: that alone makes the space grow beyond the bound, and it never shrinks. */
export function limitYoungGeneration(): void {
  const survivors: object[][] = [];
  while (survivors.length < MAX_ROUNDS && youngBytes() < WANTED_BYTES) survivors.push(Array.from({ length: ROUND_OBJECTS }, (_, i) => ({ i })));
  bound();
  survivors.length = 0;
  collect();
  new PerformanceObserver(bound).observe({ entryTypes: ['gc'] });
}

let factor = 0;

/** Lets the next collection double the space as long as that stays within the bound. */
function bound(): void {
  const next = 2 * youngBytes() <= WANTED_BYTES ? 2 : 1;
  if (next === factor) return;
  factor = next;
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

const youngBytes = (): number => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

/** The survivors are in the old generation by now, and would stay there until it is full: 15 MB of an idle process. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}
