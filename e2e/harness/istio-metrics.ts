/** Reads Istio's metrics of proxies as Prometheus would, and says what was counted while something happened. */
import type { Reply } from './agent.js';
import { istioSeries, type Series } from './prometheus-text.js';
import type { ScenarioMesh } from './scenario-mesh.js';
import { sleep } from './wait.js';

/** One series that grew: its labels, and by how much. */
export interface Counted {
  readonly of: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly by: number;
}

/** Histograms reach the page with Envoy's next flush. */
const FLUSH_MS = 5500;

/** What the proxies counted while `what` happened, buckets of histograms left out. `settles`: also wait for histograms. */
export async function counted(
  mesh: ScenarioMesh,
  pods: readonly string[],
  what: () => Promise<unknown>,
  settles = false,
): Promise<readonly Counted[]> {
  // What was flushed late belongs to what was before.
  if (settles) await sleep(FLUSH_MS);
  const before = await Promise.all(pods.map((pod) => scrape(mesh, pod)));
  await what();
  await sleep(settles ? FLUSH_MS : 300);
  const after = await Promise.all(pods.map((pod) => scrape(mesh, pod)));
  return pods.flatMap((of, i) =>
    [...(after[i]?.values() ?? [])].flatMap(({ name, labels, key, value }): Counted[] => {
      const by = value - (before[i]?.get(key)?.value ?? 0);
      return by === 0 ? [] : [{ of, name, labels, by }];
    }),
  );
}

/** Series by name and labels. */
async function scrape(mesh: ScenarioMesh, pod: string): Promise<ReadonlyMap<string, Series>> {
  const [reply] = await mesh.agent(pod).call<Reply[]>('send', { how: 'http', url: 'http://127.0.0.1:15000/stats/prometheus?filter=istio_' });
  if (reply?.status !== 200) throw new Error(`metrics of ${pod}: ${JSON.stringify(reply)}`);
  const all = istioSeries(reply.body ?? '').filter(({ name }) => !name.endsWith('_bucket'));
  return new Map(all.map((series) => [series.key, series]));
}
