/**
 * The chapter of the edges: who calls whom, how often, how fast and how often in vain, read from Istio's metrics on every Envoy as Prometheus would,
 * and drawn as a table. What a client's sidecar counts (`reporter="source"`) is the edge; the server's own count must agree.
 */
import { startLoad } from '../harness/load.js';
import { istioSeries, type Series } from '../harness/prometheus-text.js';
import type { RunningShop } from '../harness/shop.js';
import { sleep } from '../harness/wait.js';
import { figures, found, say, title } from './terminal.js';

/** Envoy's histograms reach the page with its next flush. */
const FLUSH_MS = 5500;
const SECONDS = 8;
const PER_SECOND = 25;

/** What went from one workload to one service. */
interface Edge {
  readonly from: string;
  readonly to: string;
  requests: number;
  failed: number;
  /** Upper bound in ms → requests at most that slow. */
  readonly buckets: Map<number, number>;
}

/** Traffic with a flaky payment service, and the table that shows where it fails. */
export async function edges(shop: RunningShop): Promise<void> {
  title('9. Who calls whom: the metrics of the Envoys');
  say('one payment in four fails, and customers come to the shop and its basket');
  await shop.behave('payments-v1', { failEvery: 4 });
  await sleep(FLUSH_MS);
  const before = await scrape(shop);
  const loads = ['/catalog', '/cart'].map((path) => startLoad({ url: `${shop.url}${path}`, perSecond: PER_SECOND }));
  await sleep(SECONDS * 1000);
  const [catalog, cart] = await Promise.all(loads.map((load) => load.stop()));
  await sleep(FLUSH_MS);
  const grown = difference(before, await scrape(shop));
  await shop.behave('payments-v1', {});
  const seen = edgesOf(grown, 'source');
  figures(
    ['from', 'to', 'requests/s', 'failed', 'p50 ms', 'p99 ms'],
    seen.map((edge) => [
      edge.from,
      edge.to,
      (edge.requests / SECONDS).toFixed(1),
      `${((100 * edge.failed) / edge.requests).toFixed(1)} %`,
      quantile(edge, 0.5).toFixed(1),
      quantile(edge, 0.99).toFixed(1),
    ]),
  );
  const edge = (from: string, to: string): Edge | undefined => seen.find((one) => one.from === from && one.to === to);
  const counted = [edge('ingress', 'catalog')?.requests, edge('ingress', 'cart')?.requests];
  found(
    'the gateway counted every request that was sent',
    `${counted.join(' and ')} of ${catalog?.sent} and ${cart?.sent}`,
    counted[0] === catalog?.sent && counted[1] === cart?.sent,
  );
  const payments = edge('cart-v1', 'payments');
  const failures = [payments?.failed, edge('ingress', 'cart')?.failed, cart?.failed];
  found(
    'the failures begin at cart → payments, and go up to the customer',
    `${failures.join(', ')} at payments, cart, and the customer`,
    new Set(failures).size === 1 && Math.abs((payments?.failed ?? 0) / (payments?.requests ?? 1) - 1 / 4) < 0.05,
  );
  const servers = edgesOf(grown, 'destination');
  const others = seen.filter(
    ({ from, to, requests }) => to !== UNMESHED && servers.find((one) => one.from === from && one.to === to)?.requests !== requests,
  );
  found(
    'each server counted what its clients counted',
    `${servers.length} edges with a sidecar at both ends, ${others.length} differ`,
    others.length === 0 && servers.length > 3,
  );
}

/** Has no sidecar, so nobody counts at its end. */
const UNMESHED = 'rates.example.com';

async function scrape(shop: RunningShop): Promise<ReadonlyMap<string, Series>> {
  const pages = await Promise.all(
    shop.shop.workloads.map(async ({ name }) =>
      istioSeries(await shop.envoy(name).admin('stats/prometheus?filter=istio_')).map((one) => [`${name} ${one.key}`, one] as const),
    ),
  );
  return new Map(pages.flat());
}

function difference(before: ReadonlyMap<string, Series>, after: ReadonlyMap<string, Series>): Series[] {
  return [...after].map(([key, series]) => ({ ...series, value: series.value - (before.get(key)?.value ?? 0) })).filter(({ value }) => value > 0);
}

function edgesOf(all: readonly Series[], reporter: 'source' | 'destination'): Edge[] {
  const found = new Map<string, Edge>();
  for (const { name, labels, value } of all) {
    if (labels['reporter'] !== reporter) continue;
    const from = labels['source_workload'] ?? '';
    const to = labels['destination_service_name'] ?? '';
    const edge = found.get(`${from} ${to}`) ?? { from, to, requests: 0, failed: 0, buckets: new Map<number, number>() };
    found.set(`${from} ${to}`, edge);
    if (name === 'istio_requests_total') {
      edge.requests += value;
      if (/^5..$|^0$/.test(labels['response_code'] ?? '')) edge.failed += value;
    }
    if (name === 'istio_request_duration_milliseconds_bucket') {
      const bound = Number(labels['le']?.replace('+Inf', 'Infinity'));
      edge.buckets.set(bound, (edge.buckets.get(bound) ?? 0) + value);
    }
  }
  return [...found.values()].filter(({ requests }) => requests > 0).toSorted((a, b) => (`${a.from} ${a.to}` < `${b.from} ${b.to}` ? -1 : 1));
}

/** As Prometheus' histogram_quantile: in its bucket a value is taken to lie evenly. */
function quantile({ buckets }: Edge, share: number): number {
  const bounds = [...buckets].toSorted(([a], [b]) => a - b);
  const rank = share * (bounds.at(-1)?.[1] ?? 0);
  const at = bounds.findIndex(([, count]) => count >= rank);
  const [bound = 0, count = 0] = bounds[at] ?? [];
  const [lower = 0, below = 0] = bounds[at - 1] ?? [];
  return bound === Infinity ? lower : lower + ((bound - lower) * (rank - below)) / (count - below || 1);
}
