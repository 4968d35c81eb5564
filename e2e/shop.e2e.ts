/** The example shop on loopback addresses, with delta and with state-of-the-world ADS: what the demo tells, as tests. Needs no root. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type Answer, fetchOnce } from './harness/http.js';
import { burst, startLoad } from './harness/load.js';
import { measured } from './harness/report.js';
import { edit, type RunningShop, startShop } from './harness/shop.js';
import { sleep, until } from './harness/wait.js';

interface Reply {
  readonly service: string;
  readonly version: string;
  readonly peer?: string;
  readonly calls?: readonly { readonly host: string; readonly status: number; readonly body: Reply }[];
}

const reply = (answer: Answer): Reply => JSON.parse(answer.body) as Reply;
const reviewsVersion = (answer: Answer): string =>
  reply(answer).calls?.find((call) => call.host === 'reviews')?.body.version ?? `status ${answer.status}`;

describe.each(['delta', 'sotw'] as const)('the shop over %s ADS', (variant) => {
  let shop: RunningShop;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-shop-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    shop = await startShop(folder, { variant });
  }, 120_000);
  afterAll(cleanup, 60_000);

  const story = (name: string): string => readFileSync(join(shop.folder, 'story', name), 'utf8');
  const routes = async (workload: string): Promise<string> => shop.envoy(workload).admin('config_dump?resource=dynamic_route_configs');

  test('GW-002, VS-007: the ingress gateway routes by path', async () => {
    const services = [];
    for (const path of ['/', '/catalog', '/cart', '/reviews']) services.push(reply(await fetchOnce(shop.url + path)).service);
    expect(services).toEqual(['web', 'catalog', 'cart', 'reviews']);
  });

  test('PA-005, SC-007: each server sees its caller’s identity, through real bound listeners', async () => {
    const cart = reply(await fetchOnce(`${shop.url}/cart`));
    expect([cart.peer, cart.calls?.[0]?.body.peer]).toEqual(['spiffe://cluster.local/ns/shop/sa/ingress', 'spiffe://cluster.local/ns/shop/sa/cart']);
  });

  test('PA-009: plaintext to a STRICT workload is reset', async () => {
    const { ip, egress } = shop.workload('payments-v1');
    const answer = await fetchOnce(`http://${ip}:${new URL(egress ?? '').port}/`);
    expect({ status: answer.status, error: answer.error }).toEqual({ status: 0, error: 'ECONNRESET' });
  });

  test('SD-039, SC-009: outside is reachable by its ServiceEntry only', async () => {
    const through = async (host: string): Promise<number> => (await fetchOnce(shop.workload('web-v1').egress ?? '', { headers: { host } })).status;
    expect([await through('rates.example.com'), await through('elsewhere.example.com')]).toEqual([200, 502]);
  });

  test('VS-020: a canary of 90 to 10, counted', async () => {
    edit(shop, '31-reviews-routing.yaml', story('reviews-canary.yaml'));
    await until('the canary', async () => (await routes('catalog-v1')).includes('"weighted_clusters"'));
    const result = await burst({ url: `${shop.url}/catalog`, label: reviewsVersion }, 600);
    measured(`${variant} canary: ${JSON.stringify(result.labels)}, p50 ${result.ms.p50} ms`);
    expect(result.failed).toBe(0);
    expect(Math.abs((result.labels['v2'] ?? 0) / result.sent - 0.1)).toBeLessThan(0.05);
  });

  test('VS-028: an edit is in force at once', async () => {
    const times = [];
    for (let round = 0; round < 10; round++) {
      const timeout = 300 + round;
      const begun = performance.now();
      edit(shop, '51-payments-routing.yaml', story('payments-timeout.yaml').replace('300ms', `${timeout}ms`));
      await until('the timeout', async () => (await routes('cart-v1')).includes(`"0.${timeout}s"`), { everyMs: 2 });
      times.push(Math.round(performance.now() - begun));
    }
    const median = times.toSorted((a, b) => a - b)[5] ?? 0;
    measured(`${variant}: file written to in force, ms: ${times.join(' ')}`);
    expect(median).toBeLessThan(500);
    rmSync(join(shop.folder, 'mesh', '51-payments-routing.yaml'));
  });

  test('XD-003: the control plane restarts under load and no request fails', async () => {
    const load = startLoad({ url: `${shop.url}/`, perSecond: 60 });
    await sleep(1000);
    await shop.stopMizzen();
    edit(shop, '51-payments-routing.yaml', story('payments-retries.yaml'));
    await sleep(2000);
    await shop.startMizzen();
    await until('the edit made meanwhile', async () => (await routes('cart-v1')).includes('"5xx"'), { timeoutMs: 30_000 });
    await sleep(2000);
    const result = await load.stop();
    measured(`${variant} restart under load: ${result.failed} of ${result.sent} failed ${JSON.stringify(result.failures)}, p99 ${result.ms.p99} ms`);
    expect(result.failed).toBe(0);
  });

  test('XD-005: no Envoy refused anything', async () => {
    const rejected = await Promise.all(
      shop.shop.workloads.map(async ({ name }) => {
        const stats = await shop.envoy(name).admin('stats?filter=update_rejected');
        return [name, stats.split('\n').filter((line) => line !== '' && !line.endsWith(': 0'))];
      }),
    );
    expect(rejected.filter(([, lines]) => lines?.length)).toEqual([]);
  });
});
