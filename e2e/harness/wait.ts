/** Bounded waiting: every wait in the end-to-end tests has a limit and says what it waited for. */
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Thrown by a check when waiting longer is pointless. */
export class Hopeless extends Error {}

/** Calls `check` until it returns something truthy, and returns that; throws after `timeoutMs`, with the last error. */
export async function until<T>(what: string, check: () => T | Promise<T>, { timeoutMs = 20_000, everyMs = 50 } = {}): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let last = '';
  for (;;) {
    try {
      const value = await check();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}${last ? ` (${last})` : ''}`);
    await sleep(everyMs);
  }
}
