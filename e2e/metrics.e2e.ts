/**
 * Istio's standard metrics of stock Envoys (TE-002, TE-006, TE-018): real requests between sidecars and through a gateway, and what both ends say
 * of them. Needs root, iproute2 and iptables, and an Envoy with the access logger of statistics (1.37 or newer).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Reply } from './harness/agent.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type Counted, counted } from './harness/istio-metrics.js';
import { podsMissing } from './harness/pods.js';
import type { Resource } from './harness/scenario.js';
import { type ScenarioMesh, startScenarioMesh } from './harness/scenario-mesh.js';

const missing = podsMissing();
const title = missing ? `metrics (skipped: ${missing})` : 'metrics';

const telemetry = {
  apiVersion: 'telemetry.istio.io/v1',
  kind: 'Telemetry',
  metadata: { name: 'metrics', namespace: 'istio-system' },
  spec: { metrics: [{ providers: [{ name: 'prometheus' }] }] },
} as Resource;

const client = {
  source_workload: 'client',
  source_workload_namespace: 'app',
  source_app: 'client',
  source_version: 'unknown',
  source_canonical_service: 'client',
  source_canonical_revision: 'latest',
  source_cluster: 'Kubernetes',
  source_principal: 'spiffe://cluster.local/ns/app/sa/client',
};
const nobody = Object.fromEntries(Object.keys(client).map((label) => [label, 'unknown']));
const v1 = {
  destination_workload: 'v1',
  destination_workload_namespace: 'app',
  destination_app: 'echo',
  destination_version: 'v1',
  destination_canonical_service: 'echo',
  destination_canonical_revision: 'v1',
  destination_cluster: 'Kubernetes',
  destination_principal: 'spiffe://cluster.local/ns/app/sa/echo',
};
const service = (name: string, namespace = 'app') => ({
  destination_service: `${name}.${namespace}.svc.cluster.local`,
  destination_service_name: name,
  destination_service_namespace: namespace,
});
const http = { request_protocol: 'http', response_code: '200', grpc_response_status: '', response_flags: '-' };

const api = { istio: 'networking.istio.io/v1', security: 'security.istio.io/v1' };
const resources = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'empty', namespace: 'app' },
    spec: { clusterIP: '10.96.9.9', selector: { app: 'none' }, ports: [{ name: 'http', port: 80 }] },
  },
  {
    apiVersion: api.istio,
    kind: 'VirtualService',
    metadata: { name: 'echo-v2', namespace: 'app' },
    spec: {
      hosts: ['echo-v2.app.svc.cluster.local'],
      http: [
        {
          match: [{ uri: { prefix: '/known' } }],
          timeout: '0.3s',
          retries: { attempts: 0 },
          route: [{ destination: { host: 'echo-v2.app.svc.cluster.local' } }],
        },
      ],
    },
  },
  {
    apiVersion: api.security,
    kind: 'AuthorizationPolicy',
    metadata: { name: 'closed', namespace: 'app' },
    spec: {
      selector: { matchLabels: { app: 'echo', version: 'v2' } },
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/known/closed'] } }] }],
    },
  },
  {
    apiVersion: api.istio,
    kind: 'Gateway',
    metadata: { name: 'edge', namespace: 'istio-system' },
    spec: { selector: { istio: 'ingressgateway' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
  },
  {
    apiVersion: api.istio,
    kind: 'VirtualService',
    metadata: { name: 'edge', namespace: 'app' },
    spec: {
      hosts: ['edge.example'],
      gateways: ['istio-system/edge'],
      http: [{ route: [{ destination: { host: 'echo-v1.app.svc.cluster.local' } }] }],
    },
  },
] as unknown as Resource[];

/** What a client may make up. */
const forged = { 'x-mizzen-peer': 'KgoKCAoEbmFtZRIA' };

(missing ? describe.skip : describe)(title, () => {
  let mesh: ScenarioMesh;
  const send = (from: string, plan: object): Promise<Reply[]> =>
    mesh.agent(from).call<Reply[]>('send', { how: 'http', headers: { 'x-step': 'metrics' }, ...plan });
  const only = (all: readonly Counted[], name: string) => all.filter((one) => one.name === name);

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-metrics-'));
    if (!process.env['MIZZEN_KEEP']) onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mesh = await startScenarioMesh(folder, 3);
    await mesh.apply([telemetry, ...resources]);
    // The first connection between two ends may come before the clusters are warm.
    await send('client', { url: 'http://echo-v1.app/', times: 5, everyMs: 200 });
  }, 180_000);
  afterAll(cleanup, 60_000);

  test('TE-018: both ends of a request agree on everything', async () => {
    let replies: Reply[] = [];
    const all = await counted(
      mesh,
      ['client', 'v1'],
      async () => {
        replies = await send('client', { url: 'http://echo-v1.app/', times: 3, method: 'POST', body: 'twelve bytes' });
      },
      true,
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(Object.keys(replies[0]?.said?.headers ?? {})).not.toContain('x-mizzen-peer');
    expect(Object.keys(replies[0]?.headers ?? {})).not.toContain('x-mizzen-peer');
    const expected = { ...client, ...v1, ...service('echo-v1'), ...http };
    expect(only(all, 'istio_requests_total')).toEqual([
      { of: 'client', name: 'istio_requests_total', labels: { reporter: 'source', ...expected, connection_security_policy: 'unknown' }, by: 3 },
      {
        of: 'v1',
        name: 'istio_requests_total',
        labels: { reporter: 'destination', ...expected, connection_security_policy: 'mutual_tls' },
        by: 3,
      },
    ]);
    for (const name of ['istio_request_duration_milliseconds', 'istio_request_bytes', 'istio_response_bytes'])
      expect([name, only(all, `${name}_count`).map(({ of, by }) => [of, by])]).toEqual([
        name,
        [
          ['client', 3],
          ['v1', 3],
        ],
      ]);
    expect(only(all, 'istio_request_bytes_sum').map(({ by }) => Math.round(by / 3))).toEqual([12, 12]);
  }, 60_000);

  const outcome = ({ of, labels, by }: Counted) => ({
    of,
    by,
    code: labels['response_code'],
    flags: labels['response_flags'],
    to: labels['destination_workload'],
    service: labels['destination_service_name'],
  });
  test.each([
    ['an answer that is an error', '/known/', { 'x-plan': '404' }, [404, '-'], true],
    ['a timeout', '/known/', { 'x-delay': '1500' }, [504, 'UT'], false],
    ['a denial', '/known/closed', {}, [403, '-'], true],
  ])('TE-018: %s', async (_, path, headers, [code, flags], isSeenAlike) => {
    const all = await counted(mesh, ['client', 'v2'], async () => {
      const [reply] = await send('client', { url: `http://echo-v2.app${path}`, headers: { 'x-step': 'metrics', ...headers } });
      expect(reply?.status).toBe(code);
      if (!isSeenAlike) await new Promise((resolve) => setTimeout(resolve, 1500));
    });
    const seen = only(all, 'istio_requests_total').map(outcome);
    const expected = { by: 1, code: String(code), flags, to: 'v2', service: 'echo-v2' };
    expect(seen.find(({ of }) => of === 'client')).toEqual({ of: 'client', ...expected });
    // The server of a request that was given up knows no more than that.
    expect(seen.find(({ of }) => of === 'v2')).toEqual(isSeenAlike ? { of: 'v2', ...expected } : { of: 'v2', ...expected, code: '0', flags: 'DC' });
  });

  test('TE-018: a service without servers, and a path without a route', async () => {
    const all = await counted(mesh, ['client'], async () => {
      await send('client', { url: 'http://empty.app/' });
      await send('client', { url: 'http://echo-v2.app/nowhere' });
    });
    const unreached = { of: 'client', by: 1, to: 'unknown' };
    expect(
      only(all, 'istio_requests_total')
        .map(outcome)
        .sort((a, b) => Number(a.code) - Number(b.code)),
    ).toEqual([
      { ...unreached, code: '404', flags: 'NR', service: 'unknown' },
      { ...unreached, code: '503', flags: 'UH', service: 'empty' },
    ]);
  });

  test('TE-018: gRPC', async () => {
    let replies: Reply[] = [];
    const all = await counted(mesh, ['client', 'v1', 'v2', 'v3'], async () => {
      replies = await send('client', { how: 'grpc', url: 'http://echo.app:7070/echo.Echo/Say', times: 4 });
    });
    expect(replies.map(({ grpc }) => grpc)).toEqual([0, 0, 0, 0]);
    const sums = (name: string, reporter: string) => {
      const found = only(all, name).filter(({ labels }) => labels['reporter'] === reporter);
      return [
        found.reduce((sum, { by }) => sum + by, 0),
        [...new Set(found.map(({ labels }) => `${labels['request_protocol']} ${labels['grpc_response_status']}`))].join(),
      ];
    };
    for (const reporter of ['source', 'destination']) {
      expect([reporter, sums('istio_requests_total', reporter)]).toEqual([reporter, [4, 'grpc 0']]);
    }
  });

  test('TE-018: byte streams', async () => {
    let replies: Reply[] = [];
    const all = await counted(mesh, ['client', 'v1'], async () => {
      replies = await send('client', { how: 'tcp', url: 'tcp://echo-v1.app:9000', times: 2 });
    });
    expect(replies.map(({ said }) => said?.version)).toEqual(['v1', 'v1']);
    const tcp = { request_protocol: 'tcp', response_flags: '-' };
    const known = { source_workload_namespace: 'app', source_principal: client.source_principal };
    for (const [name, by] of [
      ['istio_tcp_connections_opened_total', 2],
      ['istio_tcp_connections_closed_total', 2],
      ['istio_tcp_received_bytes_total', 26],
      ['istio_tcp_sent_bytes_total', 32],
    ] as const)
      expect(only(all, name)).toEqual([
        {
          of: 'client',
          name,
          labels: { reporter: 'source', ...client, ...v1, ...service('echo-v1'), ...tcp, connection_security_policy: 'unknown' },
          by,
        },
        {
          of: 'v1',
          name,
          labels: { reporter: 'destination', ...nobody, ...known, ...v1, ...service('echo-v1'), ...tcp, connection_security_policy: 'mutual_tls' },
          by,
        },
      ]);
  });

  test('TE-018: plaintext is nobody, whatever its header says', async () => {
    const all = await counted(mesh, ['v1'], async () => {
      const [reply] = await send('outside', { url: `http://${mesh.pod('v1').ip}:8080/`, headers: { 'x-step': 'metrics', ...forged } });
      expect(reply?.said?.headers).toBeDefined();
      expect(Object.keys(reply?.said?.headers ?? {})).not.toContain('x-mizzen-peer');
    });
    const none = { destination_principal: 'unknown', connection_security_policy: 'none' };
    expect(only(all, 'istio_requests_total')).toEqual([
      {
        of: 'v1',
        name: 'istio_requests_total',
        labels: { reporter: 'destination', ...nobody, ...v1, ...service('echo-v1'), ...http, ...none },
        by: 1,
      },
    ]);
  });

  test('TE-018: a gateway is the client of what it leads to; what comes from outside is taken away', async () => {
    const through = (headers: object) =>
      send('outside', { url: 'http://edge.example/', to: `${mesh.pod('gateway').ip}:8080`, headers: { 'x-step': 'metrics', ...headers } });
    await through({});
    const all = await counted(mesh, ['gateway', 'v1'], async () => {
      const [reply] = await through(forged);
      expect(reply?.status).toBe(200);
      expect(Object.keys(reply?.said?.headers ?? {})).not.toContain('x-mizzen-peer');
    });
    const gateway = {
      source_workload: 'gateway',
      source_workload_namespace: 'istio-system',
      source_principal: 'spiffe://cluster.local/ns/istio-system/sa/gateway',
    };
    const seen = only(all, 'istio_requests_total');
    expect(seen.map(({ of, by }) => [of, by])).toEqual([
      ['gateway', 1],
      ['v1', 1],
    ]);
    for (const { labels } of seen) expect(labels).toMatchObject({ ...gateway, ...v1, ...service('echo-v1'), ...http });
    expect(seen.map(({ labels }) => labels['reporter'])).toEqual(['source', 'destination']);
  });

  test('TE-018: an application cannot speak for another workload', async () => {
    const all = await counted(mesh, ['v1'], () => send('client', { url: 'http://echo-v1.app/', headers: { 'x-step': 'metrics', ...forged } }));
    expect(only(all, 'istio_requests_total')[0]?.labels).toMatchObject(client);
  });

  test('TE-003, TE-004: Telemetry turns a metric off, takes a label away and adds one', async () => {
    const overrides = [
      {
        match: { metric: 'REQUEST_COUNT', mode: 'CLIENT' },
        tagOverrides: { source_app: { operation: 'REMOVE' }, team: { value: "request.headers['x-team']" } },
      },
      { match: { metric: 'REQUEST_COUNT', mode: 'SERVER' }, disabled: true },
    ];
    await mesh.apply([{ ...telemetry, spec: { metrics: [{ providers: [{ name: 'prometheus' }], overrides }] } } as Resource, ...resources]);
    await send('client', { url: 'http://echo-v1.app/', times: 5, everyMs: 200 });
    const all = await counted(mesh, ['client', 'v1'], () =>
      send('client', { url: 'http://echo-v1.app/', headers: { 'x-step': 'metrics', 'x-team': 'blue' } }),
    );
    const [seen, ...others] = only(all, 'istio_requests_total');
    expect(others).toEqual([]);
    expect({ of: seen?.of, team: seen?.labels['team'], app: seen?.labels['source_app'] }).toEqual({ of: 'client', team: 'blue', app: undefined });
  }, 60_000);

  test('XD-005: no Envoy refused anything', async () => {
    for (const name of ['v1', 'v2', 'v3', 'client', 'other', 'gateway'])
      for (const what of ['cluster_manager.cds.update_rejected', 'listener_manager.lds.update_rejected'])
        expect({ name, what, refused: await mesh.stat(name, what) }).toEqual({ name, what, refused: 0 });
  });
});
