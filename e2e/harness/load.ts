/** Steady load with counters: what fails, how, and how long answers take, while something else happens. */
import { type Answer, type Ask, httpClient } from './http.js';
import { sleep } from './wait.js';

/** What a load run saw. A request is failed when it got no response or a status of 500 or more. */
export interface LoadResult {
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** Failures by kind, such as `503 NC…` (the first words of the body) or `ECONNRESET`. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers by what `label` made of them. */
  readonly labels: Readonly<Record<string, number>>;
  readonly ms: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** A load run under way. */
export interface Load {
  /** How many requests have been answered so far. */
  answered(): number;
  /** Stops sending, waits for what is under way, and reports. */
  stop(): Promise<LoadResult>;
}

/** What to send. `label` names an answer, so that shares can be counted. */
export interface LoadPlan extends Ask {
  readonly url: string;
  readonly perSecond: number;
  readonly label?: (answer: Answer) => string;
}

/** Starts sending on a fixed schedule (a slow answer does not slow the sender down, so an outage cannot hide). */
export function startLoad(plan: LoadPlan): Load {
  const client = httpClient(256);
  const counts = counter(plan.label);
  const under = new Set<Promise<void>>();
  let going = true;
  const sender = (async () => {
    const begun = performance.now();
    for (let n = 0; going; n++) {
      const wait = begun + (n * 1000) / plan.perSecond - performance.now();
      if (wait > 1) await sleep(wait);
      if (!going) break;
      const one = client.get(plan.url, plan).then((answer) => counts.add(answer));
      under.add(one);
      void one.finally(() => under.delete(one));
    }
  })();
  return {
    answered: () => counts.sent(),
    async stop() {
      going = false;
      await sender;
      await Promise.all(under);
      client.close();
      return counts.result();
    },
  };
}

/** Sends `total` requests, `atOnce` at a time, as fast as they are answered. */
export async function burst(plan: Omit<LoadPlan, 'perSecond'>, total: number, atOnce = 16): Promise<LoadResult> {
  const client = httpClient(atOnce);
  const counts = counter(plan.label);
  let left = total;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) counts.add(await client.get(plan.url, plan));
    }),
  );
  client.close();
  return counts.result();
}

function counter(label?: (answer: Answer) => string) {
  const failures: Record<string, number> = {};
  const labels: Record<string, number> = {};
  const times: number[] = [];
  let ok = 0;
  return {
    sent: () => times.length,
    add(answer: Answer): void {
      times.push(answer.ms);
      const good = answer.status > 0 && answer.status < 500;
      if (good) ok++;
      else bump(failures, answer.error ?? `${answer.status} ${answer.body.slice(0, 60)}`);
      if (label) bump(labels, label(answer));
    },
    result(): LoadResult {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
      return { sent: times.length, ok, failed: times.length - ok, failures, labels, ms: { p50: at(0.5), p99: at(0.99), max: at(1) } };
    },
  };
}

function bump(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
