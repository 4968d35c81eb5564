import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../../api/kinds.js';
import { keyOf } from '../../api/resource.js';
import { FakeApiServer, json } from '../../kubernetes/testing/fake-api-server.js';
import type { RowWriter } from '../source.js';
import { type KubernetesOptions, KubernetesSource } from './kubernetes.js';
import { RevisionTags } from './revision-tags.js';

const SERVICES = '/api/v1/services';
const RULES = '/apis/networking.istio.io/v1/destinationrules';
const CONFIG_MAPS = '/api/v1/configmaps';
const rule = (host: string) => ({ spec: { host } });

describe('SD-001: the Kubernetes API as a source', () => {
  let server: FakeApiServer;
  let stop: AbortController;
  let rows: Map<string, AnyRow>;
  let transactions: string[][];
  let source: KubernetesSource;
  let started: Promise<void>;
  let failures: string[];

  beforeEach(async () => {
    server = new FakeApiServer();
    server.served = { 'networking.istio.io/v1': ['destinationrules', 'virtualservices'], 'discovery.k8s.io/v1': ['endpointslices'] };
    await server.start();
    stop = new AbortController();
    rows = new Map();
    transactions = [];
    failures = [];
  });
  afterEach(async () => {
    stop.abort();
    await server.stop();
  });

  const start = (options: Partial<KubernetesOptions> = {}): Promise<void> => {
    let names: string[] = [];
    const writer: RowWriter = {
      transaction: (write) => {
        names = [];
        write();
        transactions.push(names);
      },
      set: (row) => {
        rows.set(`${row.kind} ${keyOf(row)}`, row);
        names.push(`+${row.metadata.name}`);
      },
      delete: (kind, key) => {
        rows.delete(`${kind} ${key}`);
        names.push(`-${key.split('/').at(-1)}`);
      },
    };
    source = new KubernetesSource({ client: server.client(), debounce: { quiet: 5, max: 50 }, ...options });
    started = source.start(writer, stop.signal);
    return started;
  };
  const names = (revision: string): RevisionTags => {
    const onError = ({ message }: Error): void => void failures.push(message);
    const tags = new RevisionTags({ client: server.client(), revision, namespace: 'istio-system', onError });
    tags.follow(stop.signal);
    return tags;
  };
  const until = async (claim: () => boolean): Promise<void> => {
    const end = Date.now() + 8000;
    while (!claim()) {
      if (Date.now() > end)
        throw new Error(`in vain: ${JSON.stringify({ transactions, problems: source.problems(), asked: server.requests.slice(-20) })}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const hostOf = (key: string): unknown => (rows.get(`DestinationRule ${key}`)?.spec as { host?: string } | undefined)?.host;

  test('nothing is written before every kind is known, then all in one transaction', async () => {
    server.set(SERVICES, 'web', { spec: { clusterIP: '10.0.0.1' } });
    server.set(RULES, 'web', rule('web'));
    let isHeld = true;
    server.intercept = (_, response, url) => isHeld && url.pathname === RULES && (json(response, 503, { message: 'starting' }), true);
    void start();
    await until(() => source.problems().some(({ message }) => message.includes('destinationrules') && message.includes('starting')));
    expect(transactions).toEqual([]);
    isHeld = false;
    await started;
    expect(transactions).toHaveLength(1);
    expect([...rows.keys()].sort()).toEqual(['DestinationRule default/web', 'Service default/web']);
    await until(() => source.problems().length === 0);
  });

  test('an object that breaks keeps its last good row and is told by its name; one that heals is taken', async () => {
    server.set(RULES, 'web', rule('web'));
    await start();
    server.set(RULES, 'web', { spec: { host: 'other', trafficPolicy: { loadBalancer: { simple: 'NO_SUCH' } } } });
    await until(() => source.problems().length === 1);
    expect(source.problems()[0]).toMatchObject({ severity: 'error', resource: { kind: 'DestinationRule', namespace: 'default', name: 'web' } });
    expect(hostOf('default/web')).toBe('web');
    server.set(RULES, 'web', rule('other'));
    await until(() => hostOf('default/web') === 'other');
    expect(source.problems()).toEqual([]);
  });

  test('a field that only the cluster’s definitions know is told, and costs nothing else', async () => {
    server.set(RULES, 'web', { spec: { host: 'web', fromTheFuture: { a: 1 } } });
    await start();
    expect(hostOf('default/web')).toBe('web');
    expect(source.problems()).toMatchObject([{ severity: 'warning', code: 'unknown-field', resource: { kind: 'DestinationRule', name: 'web' } }]);
  });

  test('objects are trimmed: heartbeats, managed fields and secrets that are no certificates do not come in', async () => {
    server.set('/api/v1/secrets', 'tls', { type: 'kubernetes.io/tls', data: { 'tls.crt': 'QQ==', 'tls.key': 'QQ==', password: 'aGlkZGVu' } });
    server.set(SERVICES, 'web', {
      metadata: {
        managedFields: [{ manager: 'kubectl' }],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'networking.istio.io/exportTo': '.' },
      },
      spec: { clusterIP: '10.0.0.1' },
    });
    await start();
    const text = JSON.stringify([...rows.values()]);
    expect(text).not.toMatch(/managedFields|last-applied|aGlkZGVu|resourceVersion/);
    expect(rows.get('Service default/web')?.metadata.annotations).toEqual({ 'networking.istio.io/exportTo': '.' });
  });

  test('SD-031, GA-030: configuration of another revision is left to it', async () => {
    server.set(RULES, 'mine', { ...rule('a'), metadata: { labels: { 'istio.io/rev': 'blue' } } });
    server.set(RULES, 'theirs', { ...rule('b'), metadata: { labels: { 'istio.io/rev': 'green' } } });
    server.set(RULES, 'anybody', rule('c'));
    await start({ names: names('blue') });
    expect([...rows.keys()].sort()).toEqual(['DestinationRule default/anybody', 'DestinationRule default/mine']);
    server.set(RULES, 'mine', { ...rule('a'), metadata: { labels: { 'istio.io/rev': 'green' } } });
    await until(() => !rows.has('DestinationRule default/mine'));
  });

  describe('GA-030, IN-020: tags', () => {
    const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    const TAG_SERVICES = '/api/v1/namespaces/istio-system/services';
    const tag = (name: string, revision: string) => ({ metadata: { labels: { 'istio.io/tag': name, 'istio.io/rev': revision } } });
    const labelled = (revision: string) => ({ ...rule(revision), metadata: { labels: { 'istio.io/rev': revision } } });
    const shown = (): string =>
      [...rows.keys()]
        .map((key) => key.split('/').at(-1))
        .sort()
        .join();

    test('what a tag of ours labels is ours, from a webhook configuration or from a Service, and follows the tag', async () => {
      server.set(WEBHOOKS, 'a', tag('prod', 'blue'), '');
      server.set(WEBHOOKS, 'b', tag('next', 'green'), '');
      for (const name of ['prod', 'next', 'service-tag']) server.set(RULES, name, labelled(name));
      await start({ names: names('blue') });
      expect(shown()).toBe('prod');
      expect(transactions).toEqual([['+prod']]);
      server.set(TAG_SERVICES, 'istiod-service-tag', tag('service-tag', 'blue'), 'istio-system');
      await until(() => shown() === 'prod,service-tag');
      server.set(WEBHOOKS, 'a', tag('prod', 'green'), '');
      await until(() => shown() === 'service-tag');
      server.set(RULES, 'prod', labelled('prod'));
      server.set(WEBHOOKS, 'b', tag('next', 'blue'), '');
      await until(() => shown() === 'next,service-tag');
      server.delete(RULES, 'next');
      server.set(WEBHOOKS, 'a', tag('prod', 'blue'), '');
      await until(() => shown() === 'prod,service-tag');
      server.delete(TAG_SERVICES, 'istiod-service-tag', 'istio-system');
      await until(() => shown() === 'prod');
    });

    test('nothing is written before the tags are known; without the right to read them there are none', async () => {
      server.set(RULES, 'prod', labelled('prod'));
      server.set(RULES, 'blue', labelled('blue'));
      let status = 503;
      server.intercept = (_, response, url) => url.pathname === WEBHOOKS && (json(response, status, { message: 'not now' }), true);
      void start({ names: names('blue') });
      await until(() => server.requests.filter((one) => one.includes('mutatingwebhook')).length > 1 && server.watching(RULES) === 1);
      expect(transactions).toEqual([]);
      expect(failures).toEqual(['not now']);
      status = 403;
      await started;
      expect(shown()).toBe('blue');
    });

    test('a Gateway is served whoever its revision is: two revisions hand it over without a gap', async () => {
      const path = '/apis/gateway.networking.k8s.io/v1/gateways';
      server.served['gateway.networking.k8s.io/v1'] = ['gateways', 'httproutes'];
      server.set(path, 'edge', {
        metadata: { labels: { 'istio.io/rev': 'green' } },
        spec: { gatewayClassName: 'istio', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
      });
      await start({ names: names('blue') });
      expect([...rows.keys()]).toEqual(['K8sGateway default/edge']);
    });
  });

  test('MC-001: settings come from the ConfigMap, change live, keep the last good text and go with it', async () => {
    const settings = (mesh: string) => server.set(CONFIG_MAPS, 'istio', { data: { mesh } }, 'istio-system');
    settings('trustDomain: one.example');
    await start({ settings: { namespace: 'istio-system', name: 'istio' } });
    const trustDomain = (): unknown => (rows.get('MeshConfig /mesh')?.spec as { trustDomain?: string } | undefined)?.trustDomain;
    expect(trustDomain()).toBe('one.example');
    settings('trustDomain: [broken');
    await until(() => source.problems().length > 0);
    expect(source.problems()[0]).toMatchObject({ resource: { kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' } });
    expect(trustDomain()).toBe('one.example');
    settings('trustDomain: two.example');
    await until(() => trustDomain() === 'two.example');
    server.delete(CONFIG_MAPS, 'istio', 'istio-system');
    await until(() => rows.get('MeshConfig /mesh') === undefined);
  });

  test('CL-004: rows of a remote cluster carry its name, and its configuration is not read', async () => {
    server.set(SERVICES, 'web', { spec: { clusterIP: '10.0.0.1' } });
    server.set(RULES, 'web', rule('web'));
    await start({ cluster: 'north' });
    expect([...rows.keys()]).toEqual(['Service north/default/web']);
    await server.stop();
    await until(() => source.problems().some(({ message }) => message.includes('cluster north') && message.includes('stays in force')));
    expect(rows.size).toBe(1);
  });

  test('a status that nobody reads, and a list made anew, write nothing', async () => {
    server.set(RULES, 'web', rule('web'));
    await start();
    expect(transactions).toHaveLength(1);
    const before = rows.get('DestinationRule default/web');
    server.set(RULES, 'web', { ...rule('web'), status: { conditions: [{ type: 'Reconciled' }] } });
    server.forget();
    server.dropWatches();
    server.set(RULES, 'new', rule('new'));
    await until(() => rows.has('DestinationRule default/new'));
    expect(rows.get('DestinationRule default/web')).toEqual(before);
  });
});
