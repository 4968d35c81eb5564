import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../../api/kinds.js';
import { keyOf } from '../../api/resource.js';
import type { ApiClient } from '../../kubernetes/api-client.js';
import { FakeApiServer } from '../../kubernetes/testing/fake-api-server.js';
import { RemoteClusters } from './remote-clusters.js';

const SECRETS = '/api/v1/namespaces/istio-system/secrets';
const SERVICES = '/api/v1/services';
/** Which of the servers a kubeconfig leads to. */
const kubeconfig = (server: string, user = '{ token: abc }'): string =>
  `{ clusters: [{ name: x, cluster: { server: "https://${server}" } }], users: [{ name: x, user: ${user} }] }`;
const secretOf = (clusters: Record<string, string>) => ({
  data: Object.fromEntries(Object.entries(clusters).map(([name, text]) => [name, Buffer.from(text).toString('base64')])),
});

describe('CL-001: remote clusters by secrets', () => {
  let own: FakeApiServer;
  const remotes: Record<string, FakeApiServer> = {};
  let stop: AbortController;
  let rows: Map<string, AnyRow>;
  let clients: string[];
  let source: RemoteClusters;

  beforeEach(async () => {
    own = new FakeApiServer();
    for (const name of ['a', 'b']) {
      remotes[name] = new FakeApiServer();
      await remotes[name].start();
      remotes[name].set(SERVICES, `web-${name}`, { spec: {} });
    }
    await own.start();
    stop = new AbortController();
    rows = new Map();
    clients = [];
  });
  afterEach(async () => {
    stop.abort();
    for (const server of [own, ...Object.values(remotes)]) await server.stop();
  });

  const start = (patienceMs = 4000, ours?: readonly string[]): Promise<void> => {
    source = new RemoteClusters({
      client: own.client(),
      namespace: 'istio-system',
      taken: ['Kubernetes'],
      debounce: { quiet: 5, max: 50 },
      patienceMs,
      ...(ours && { names: { known: Promise.resolve(), has: (name: string) => ours.includes(name), onChange: () => () => undefined } }),
      onCluster: (name, client) => clients.push(`${client === undefined ? '-' : '+'}${name}`),
      connect: async (text): Promise<ApiClient> => remotes[/https:\/\/(\w+)/.exec(text)?.[1] ?? '']!.client(),
    });
    const writer = {
      transaction: (write: () => void) => write(),
      set: (row: AnyRow) => void rows.set(keyOf(row), row),
      delete: (_: string, key: string) => void rows.delete(key),
    };
    return source.start(writer, stop.signal);
  };
  const names = (): string => [...rows.keys()].sort().join(' ');
  const until = async (claim: () => boolean): Promise<void> => {
    const end = Date.now() + 4000;
    while (!claim()) {
      if (Date.now() > end) throw new Error(`in vain: ${JSON.stringify({ names: names(), clients, problems: source.problems() })}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  test('a cluster that is there is read before the start is over; others come and go', async () => {
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('a') }), 'istio-system');
    await start();
    expect(names()).toBe('north/default/web-a');
    own.set(SECRETS, 'south', secretOf({ south: kubeconfig('b') }), 'istio-system');
    await until(() => names() === 'north/default/web-a south/default/web-b');
    own.delete(SECRETS, 'north', 'istio-system');
    await until(() => names() === 'south/default/web-b');
    expect(clients).toEqual(['+north', '+south', '-north']);
    expect(source.clusters()).toEqual(['south']);
  });

  test('CL-001, GA-030: a WorkloadEntry there that names another revision is left to it', async () => {
    const path = '/apis/networking.istio.io/v1/workloadentries';
    const entry = (rev?: string) => ({ metadata: { labels: rev === undefined ? {} : { 'istio.io/rev': rev } }, spec: { address: '10.0.0.1' } });
    remotes['a']!.served = { 'networking.istio.io/v1': ['workloadentries'] };
    for (const [name, rev] of [['mine', 'mizzen'], ['tagged', 'prod'], ['theirs', 'istiod'], ['all']] as const)
      remotes['a']!.set(path, name, entry(rev));
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('a') }), 'istio-system');
    await start(4000, ['mizzen', 'prod']);
    await until(() => names() === 'north/default/all north/default/mine north/default/tagged north/default/web-a');
  });

  test('a kubeconfig that changes leads elsewhere: what only the old place had goes, once the new one is known', async () => {
    remotes['b']?.set(SERVICES, 'both', { spec: {} });
    remotes['a']?.set(SERVICES, 'both', { spec: {} });
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('a') }), 'istio-system');
    await start();
    await remotes['b']?.stop();
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('b') }), 'istio-system');
    await until(() => source.problems().length > 0);
    expect(names()).toBe('north/default/both north/default/web-a');
    await remotes['b']?.start();
    await until(() => names() === 'north/default/both north/default/web-b');
  });

  test('CL-002: a kubeconfig that would run a program is refused by name; one that was good before stays in force', async () => {
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('a') }), 'istio-system');
    await start();
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('b', '{ exec: { command: sh } }') }), 'istio-system');
    own.set(SECRETS, 'other', secretOf({ north: kubeconfig('b'), Kubernetes: kubeconfig('b') }), 'istio-system');
    await until(() => source.problems().length === 3);
    expect(source.problems().map(({ resource, message }) => `${resource?.name} ${message}`)).toEqual([
      'north user "x": exec runs a program',
      'other cluster north is described by istio-system/north already',
      'other cluster Kubernetes is described by this control plane already',
    ]);
    expect(names()).toBe('north/default/web-a');
  });

  test('CL-004: a cluster that is away is told, holds nobody up for longer than the patience, and keeps its last rows', async () => {
    await remotes['a']?.stop();
    own.set(SECRETS, 'north', secretOf({ north: kubeconfig('a'), south: kubeconfig('b') }), 'istio-system');
    const begun = Date.now();
    await start(300);
    expect(Date.now() - begun).toBeLessThan(10_000);
    await until(() => names() === 'south/default/web-b' && source.problems().some(({ message }) => message.includes('cluster north')));
    await remotes['a']?.start();
    await until(() => names() === 'north/default/web-a south/default/web-b');
    await remotes['b']?.stop();
    await until(() => source.problems().some(({ message }) => message.includes('cluster south') && message.includes('stays in force')));
    expect(names()).toBe('north/default/web-a south/default/web-b');
  });
});
