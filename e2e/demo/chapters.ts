/** The chapters of the demo. Each applies YAML as a user would (by writing a file) and measures with real requests what it did. */
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, fetchOnce, httpClient } from '../harness/http.js';
import { burst, startLoad } from '../harness/load.js';
import { edit, type RunningShop } from '../harness/shop.js';
import { sleep, until } from '../harness/wait.js';
import { found, quote, say, title } from './terminal.js';

/** What the shop's application answers. */
interface Reply {
  readonly service: string;
  readonly version: string;
  readonly peer?: string;
  readonly calls?: readonly { readonly host: string; readonly status: number; readonly body: Reply }[];
}

const paymentsFile = '51-payments-routing.yaml';
const reviewsFile = '31-reviews-routing.yaml';

/** Copies an edit of the story into the watched folder and waits until an Envoy runs with it; says how long that took. */
async function apply(shop: RunningShop, story: string, file: string, at: string, sign: string): Promise<void> {
  const text = readFileSync(join(shop.folder, 'story', story), 'utf8');
  say(`writing mesh/${file}:`);
  quote(text.slice(text.indexOf('spec:')));
  const begun = performance.now();
  edit(shop, file, text);
  await effective(shop, at, sign);
  say(`the sidecar of ${at} runs with it after ${Math.round(performance.now() - begun)} ms`);
}

async function effective(shop: RunningShop, at: string, sign: string, present = true): Promise<void> {
  await until(
    `${at} to run with the edit`,
    async () => (await shop.envoy(at).admin('config_dump?resource=dynamic_route_configs')).includes(sign) === present,
    {
      everyMs: 10,
    },
  );
}

/** By path at the gateway, by header inside. */
export async function routing(shop: RunningShop): Promise<void> {
  title('1. Routing by path and header');
  const client = httpClient();
  const seen = [];
  for (const path of ['/', '/catalog', '/cart', '/reviews']) seen.push(`${path} → ${reply(await client.get(shop.url + path)).service}`);
  found(
    'the path chooses the service',
    seen.join(', '),
    seen.join() === ['/ → web', '/catalog → catalog', '/cart → cart', '/reviews → reviews'].join(),
  );
  const version = async (headers: Record<string, string>): Promise<string> => {
    const versions = await Promise.all(Array.from({ length: 20 }, async () => reviewsVersion(await client.get(`${shop.url}/catalog`, { headers }))));
    return [...new Set(versions)].join(' and ');
  };
  const tester = await version({ 'end-user': 'tester' });
  const others = await version({});
  found('end-user: tester sees reviews v2, others v1', `tester ${tester}, others ${others} (20 requests each)`, tester === 'v2' && others === 'v1');
  client.close();
}

/** A weighted canary, counted. */
export async function canary(shop: RunningShop): Promise<void> {
  title('2. A canary: 90 to 10');
  await apply(shop, 'reviews-canary.yaml', reviewsFile, 'catalog-v1', '"weighted_clusters"');
  const result = await burst({ url: `${shop.url}/catalog`, label: reviewsVersion }, 600);
  const share = (100 * (result.labels['v2'] ?? 0)) / result.sent;
  // 600 draws of 10 % have a standard deviation of 1.2 points; four of them make a false alarm one in ten thousand.
  found(
    '10 % of requests reach reviews v2',
    `${share.toFixed(1)} % of ${result.sent}, ${result.failed} failed`,
    Math.abs(share - 10) < 5 && result.failed === 0,
  );
}

/** A timeout on a slow backend. */
export async function timeout(shop: RunningShop): Promise<void> {
  title('3. A timeout');
  await shop.behave('payments-v1', { delayMs: 900 });
  const before = await fetchOnce(`${shop.url}/cart`);
  found('payments is slow, and customers wait', `${before.status} after ${Math.round(before.ms)} ms`, before.status === 200 && before.ms > 800);
  await apply(shop, 'payments-timeout.yaml', paymentsFile, 'cart-v1', '"0.300s"');
  const after = await fetchOnce(`${shop.url}/cart`);
  found(
    'with a timeout of 300 ms they do not',
    `${after.status} after ${Math.round(after.ms)} ms`,
    after.status === 504 && after.ms > 250 && after.ms < 700,
  );
  await shop.behave('payments-v1', {});
}

/** Retries that hide a flaky backend. */
export async function retries(shop: RunningShop): Promise<void> {
  title('4. Retries save a flaky backend');
  rmSync(join(shop.folder, 'mesh', paymentsFile), { force: true });
  await effective(shop, 'cart-v1', '"0.300s"', false);
  await shop.behave('payments-v1', { failEvery: 3 });
  const plan = { url: `${shop.url}/cart` };
  const before = await burst(plan, 150, 2);
  found('one payment in three fails', `${before.failed} of ${before.sent} requests failed`, Math.abs(before.failed - 50) < 5);
  await apply(shop, 'payments-retries.yaml', paymentsFile, 'cart-v1', '"5xx"');
  const after = await burst(plan, 150, 2);
  found('with retries nobody notices', `${after.failed} of ${after.sent} requests failed`, after.failed === 0);
}

/** A file that no longer parses. Runs after `retries`: payments is still flaky, so losing the rule would show. */
export async function brokenYaml(shop: RunningShop): Promise<void> {
  title('5. A broken edit changes nothing');
  const load = startLoad({ url: `${shop.url}/cart`, perSecond: 50 });
  const logged = shop.mizzen().process.output().length;
  const text = readFileSync(join(shop.folder, 'story', 'broken.yaml'), 'utf8');
  say(`writing mesh/${paymentsFile}, which is not YAML any more:`);
  quote(text.slice(text.indexOf('spec:')));
  edit(shop, paymentsFile, text);
  await sleep(2000);
  const said = shop
    .mizzen()
    .process.output()
    .slice(logged)
    .split('\n')
    .find((line) => line.includes(paymentsFile));
  const result = await load.stop();
  found('the last good rule stays in force', `${result.failed} of ${result.sent} requests failed`, result.failed === 0 && result.sent > 50);
  found('the control plane says where the mistake is', said ? brief(said) : 'nothing', said !== undefined && /:\d+:\d+|"line":\d+/.test(said));
  await shop.behave('payments-v1', {});
}

/** Faults made by the caller's sidecar. */
export async function faults(shop: RunningShop): Promise<void> {
  title('6. Fault injection');
  await apply(shop, 'payments-faults.yaml', paymentsFile, 'cart-v1', '"http_status": 418');
  const result = await burst({ url: `${shop.url}/cart`, label: (answer) => String(answer.status) }, 300);
  const share = (100 * (result.labels['418'] ?? 0)) / result.sent;
  found('half of the calls to payments are aborted with 418', `${share.toFixed(0)} % of ${result.sent}`, Math.abs(share - 50) < 13);
  rmSync(join(shop.folder, 'mesh', paymentsFile), { force: true });
  await effective(shop, 'cart-v1', '"http_status": 418', false);
  found('and gone with the file', String((await fetchOnce(`${shop.url}/cart`)).status), (await fetchOnce(`${shop.url}/cart`)).status === 200);
}

/** Who calls whom, by certificate. */
export async function mutualTls(shop: RunningShop): Promise<void> {
  title('7. Mutual TLS between sidecars');
  const cart = reply(await fetchOnce(`${shop.url}/cart`));
  const payments = cart.calls?.[0]?.body;
  found('cart knows that the gateway calls', cart.peer ?? 'nobody', cart.peer?.endsWith('/ns/shop/sa/ingress') === true);
  found('payments knows that cart calls', payments?.peer ?? 'nobody', payments?.peer?.endsWith('/ns/shop/sa/cart') === true);
  const { ip, egress } = shop.workload('payments-v1');
  const plain = await fetchOnce(`http://${ip}:${new URL(egress ?? '').port}/`, { headers: { host: 'payments' } });
  found('plaintext to payments is refused (STRICT)', plain.error ?? String(plain.status), plain.status === 0);
}

/** An outside API, reachable because a ServiceEntry says so. */
export async function egress(shop: RunningShop): Promise<void> {
  title('8. The way out: a ServiceEntry');
  const file = join(shop.folder, 'mesh', '60-rates.yaml');
  const rates = async (): Promise<number> =>
    reply(await fetchOnce(`${shop.url}/catalog`)).calls?.find((call) => call.host.startsWith('rates'))?.status ?? 0;
  const before = await rates();
  renameSync(file, `${file}.away`);
  await effective(shop, 'catalog-v1', 'rates.example.com', false);
  const without = await rates();
  renameSync(`${file}.away`, file);
  await effective(shop, 'catalog-v1', 'rates.example.com');
  const after = await until('rates to be back', async () => ((await rates()) === 200 ? 200 : undefined));
  found(
    'rates.example.com answers, 502 without its entry, and again',
    `${before}, ${without}, ${after}`,
    before === 200 && without === 502 && after === 200,
  );
}

/** The control plane goes away and comes back. */
export async function restart(shop: RunningShop): Promise<void> {
  title('10. The control plane stops and starts while traffic flows');
  const load = startLoad({ url: `${shop.url}/`, perSecond: 60 });
  await sleep(1000);
  await shop.stopMizzen();
  say('stopped; an edit is made meanwhile (reviews: testers to v2, others to v1)');
  edit(shop, reviewsFile, readFileSync(join(shop.folder, 'before', reviewsFile), 'utf8'));
  await sleep(2500);
  const begun = performance.now();
  await shop.startMizzen();
  await effective(shop, 'catalog-v1', '"weighted_clusters"', false);
  say(`started; the edit is in effect ${Math.round(performance.now() - begun)} ms after the start command`);
  await sleep(2000);
  const result = await load.stop();
  found(
    'no request fails',
    `${result.failed} of ${result.sent} failed${result.failed ? ` (${JSON.stringify(result.failures)})` : ''}, p99 ${result.ms.p99} ms`,
    result.failed === 0,
  );
  const stats = await Promise.all(shop.shop.workloads.map(({ name }) => shop.envoy(name).admin('stats?filter=update_rejected')));
  const counts = stats.flatMap((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => Number(line.split(': ')[1])),
  );
  const refused = counts.reduce((sum, count) => sum + count, 0);
  found(
    'no Envoy refused anything all along',
    `${refused} updates refused (${counts.length} counters)`,
    refused === 0 && counts.length > shop.shop.workloads.length,
  );
}

function reply(answer: Answer): Reply {
  try {
    return JSON.parse(answer.body) as Reply;
  } catch {
    return { service: `status ${answer.status}`, version: answer.error ?? '' };
  }
}

function reviewsVersion(answer: Answer): string {
  return reply(answer).calls?.find((call) => call.host === 'reviews')?.body.version ?? `status ${answer.status}`;
}

/** The message of a log line, whatever its format. */
function brief(line: string): string {
  try {
    const { msg, err, error, problem } = JSON.parse(line) as Record<string, unknown>;
    return (
      [msg, err, error, problem]
        .filter((part) => typeof part === 'string')
        .join(': ')
        .slice(0, 160) || line.slice(0, 160)
    );
  } catch {
    return line.slice(0, 160);
  }
}
