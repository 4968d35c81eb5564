/**
 * Bounds the part of the heap where new objects live. V8 lets it grow to 128 MB on a big machine, which a control plane that sends shared
 * bytes has no use for: with 500 proxies that was a third of the resident memory. There is a flag for the start of the process
 * (`--max-semi-space-size`), but no way to set it from inside, and people start `mizzen` in many ways; so the space is made to grow to the
 * wanted size and then kept from growing. https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const WANTED_BYTES = 16 << 20;
/** Survivors make it grow; a heap that does not within these rounds stays as it is. */
const MAX_ROUNDS = 100;
const ROUND_OBJECTS = 20_000;

/** To be called once, before the work begins. Takes some milliseconds. */
export function limitYoungGeneration(): void {
  for (let round = 0; round < MAX_ROUNDS && youngBytes() < WANTED_BYTES; round++) fill();
  setFlagsFromString('--semi-space-growth-factor=1');
}

const youngBytes = (): number => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

function fill(): void {
  const survivors: object[] = [];
  for (let i = 0; i < ROUND_OBJECTS; i++) survivors.push({ i });
}
