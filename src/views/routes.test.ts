import type { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import { decodeResource } from './json.js';
import { defineRouteViews } from './routes.js';

const service = (namespace: string, name: string, port = 80, portName = 'http') =>
  `{"apiVersion":"v1","kind":"Service","metadata":{"name":"${name}","namespace":"${namespace}"},"spec":{"clusterIP":"10.0.0.${name.length}","clusterIPs":["10.0.0.${name.length}"],"ports":[{"name":"${portName}","port":${port}}]}}`;
const virtualService = (namespace: string, name: string, spec: object) =>
  JSON.stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { namespace, name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  });
const simple = (host: string, timeout: string) => ({ hosts: [host], http: [{ timeout, route: [{ destination: { host } }] }] });

function room(...documents: string[]) {
  const graph = new Graph();
  const mesh = defineMesh(graph);
  const views = defineRouteViews(mesh);
  const put = (...texts: string[]) => {
    const { resources, problems } = parseResources(texts.join('\n---\n'));
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    graph.transaction(() => {
      for (const row of resources) mesh.rows.of(row.kind).set(row as never);
    });
  };
  const scope = (namespace: string, metadata: object = {}, type = 'sidecar') => {
    const proxy = parseNode({
      id: `${type}~10.9.9.9~p-${namespace}.${namespace}~${namespace}.svc.cluster.local`,
      metadata: { NAMESPACE: namespace, ...metadata } as never,
    });
    graph.transaction(() => mesh.rows.proxies.set(proxy));
    return views.scope(proxy.key);
  };
  put(...documents);
  const decode = (id: string, name: string) => decodeResource(views.route(id, name)) as RouteConfiguration;
  const hosts = (id: string, name: string) => decode(id, name).virtualHosts.map((host) => host.name);
  return { graph, mesh, views, put, scope, decode, hosts };
}

describe('sidecar route configurations', () => {
  test('SC-009 XC-004 services of the port and the catch-all', () => {
    const { scope, hosts, decode } = room(service('a', 'web'), service('b', 'api'), service('b', 'other', 8080));
    const id = scope('a');
    expect(hosts(id, '80')).toEqual(['api.b.svc.cluster.local:80', 'web.a.svc.cluster.local:80', 'allow_any']);
    expect(decode(id, '80').virtualHosts[1]?.domains).toContain('web');
  });
  test('SC-009 REGISTRY_ONLY answers unknown hosts with 502', () => {
    const { scope, decode, put } = room(service('a', 'web'));
    put(
      '{"apiVersion":"networking.istio.io/v1","kind":"Sidecar","metadata":{"name":"s","namespace":"a"},"spec":{"outboundTrafficPolicy":{"mode":"REGISTRY_ONLY"},"egress":[{"hosts":["./*"]}]}}',
    );
    const last = decode(scope('a'), '80').virtualHosts.at(-1);
    expect(last).toMatchObject({ name: 'block_all', routes: [{ action: { $case: 'directResponse', value: { status: 502 } } }] });
  });
  test('MC-014 SC-003 the HTTP proxy of a Sidecar whose listeners all have ports knows the catch-all only', () => {
    const { scope, hosts, put } = room(service('a', 'web'));
    put(
      '{"apiVersion":"networking.istio.io/v1","kind":"Sidecar","metadata":{"name":"s","namespace":"a"},"spec":{"egress":[{"port":{"number":80,"protocol":"HTTP","name":"h"},"hosts":["./*"]}]}}',
    );
    expect(hosts(scope('a'), 'http_proxy')).toEqual(['allow_any']);
    expect(hosts(scope('a'), '80')).toEqual(['web.a.svc.cluster.local:80', 'allow_any']);
  });
  test('a sniffed address has its one service for all hosts and no catch-all', () => {
    const { scope, decode } = room(service('a', 'web', 9000, 'any'), service('a', 'second', 9000, 'any'));
    const id = scope('a');
    expect(decode(id, 'web.a.svc.cluster.local:9000').virtualHosts).toMatchObject([{ name: 'web.a.svc.cluster.local:9000', domains: ['*'] }]);
    expect(decode(id, 'gone.a.svc.cluster.local:9000').virtualHosts).toEqual([]);
  });
  test('XD-009 names that nothing is known of get an empty configuration', () => {
    const { scope, decode } = room();
    expect(decode(scope('a'), 'nonsense')).toMatchObject({ name: 'nonsense', virtualHosts: [], ignorePortInHostMatching: false });
    expect(decode(scope('a', {}, 'router'), 'http.8080')).toMatchObject({ name: 'http.8080', virtualHosts: [] });
  });
  test('VS-015 routes differ by the labels that some VirtualService looks at', () => {
    const labelled = {
      hosts: ['web'],
      http: [
        { match: [{ uri: { prefix: '/x' }, sourceLabels: { app: 'x' } }], timeout: '9s', route: [{ destination: { host: 'web' } }] },
        { route: [{ destination: { host: 'web' } }] },
      ],
    };
    const { scope, decode } = room(service('a', 'web'), virtualService('a', 'v', labelled));
    const routes = (labels: object) => decode(scope('a', { LABELS: labels }), '80').virtualHosts[0]?.routes.length;
    expect(routes({ app: 'x' })).toBe(2);
    expect(routes({ app: 'y' })).toBe(1);
  });
  test('DR-009 a hashing DestinationRule shows on the default route', () => {
    const rule =
      '{"apiVersion":"networking.istio.io/v1","kind":"DestinationRule","metadata":{"name":"r","namespace":"a"},"spec":{"host":"web","trafficPolicy":{"loadBalancer":{"consistentHash":{"useSourceIp":true}}}}}';
    const { scope, decode } = room(service('a', 'web'), rule);
    const action = decode(scope('a'), '80').virtualHosts[0]?.routes[0]?.action;
    expect(action).toMatchObject({ value: { hashPolicy: [{ policySpecifier: { $case: 'connectionProperties' } }] } });
  });
});

describe('work after a change', () => {
  const documents = [
    service('a', 'web'),
    service('a', 'shop'),
    service('b', 'api'),
    virtualService('a', 'v', simple('web', '1s')),
    virtualService('a', 'w', simple('shop', '1s')),
  ];

  test('an edited route costs its own routes; the plan stays', () => {
    const { graph, scope, views, put, decode } = room(...documents);
    const id = scope('a');
    const before = views.route(id, '80');
    const runs = () => graph.stats().runs;
    put(virtualService('a', 'v', simple('web', '2s')));
    const start = runs();
    const after = views.route(id, '80');
    expect(after.version).not.toBe(before.version);
    // The row and what leads to it, its routes, the concatenation; not the other hosts' routes nor the plan.
    expect(runs() - start).toBeLessThanOrEqual(9);
    expect(decode(id, '80').virtualHosts.find((host) => host.name.startsWith('web'))?.routes[0]?.action).toMatchObject({
      value: { timeout: { seconds: 2n } },
    });
  });
  test('an edit that changes no byte is no change', () => {
    const { scope, views, put } = room(...documents);
    const id = scope('b');
    const before = views.route(id, '80');
    put(virtualService('a', 'v', { ...simple('web', '1000ms') }));
    expect(views.route(id, '80')).toBe(before);
  });
  test('permuted and incremental inputs give the bytes of a fresh graph', () => {
    const fresh = room(...documents);
    const permuted = room(...[...documents].reverse());
    const incremental = room();
    const id = incremental.scope('a');
    for (const document of [...documents, virtualService('a', 'v', simple('web', '7s')), documents[3] as string]) {
      incremental.put(document);
      incremental.views.route(id, '80');
    }
    const version = ({ scope, views }: typeof fresh) => views.route(scope('a'), '80').version;
    expect(version(permuted)).toBe(version(fresh));
    expect(version(incremental)).toBe(version(fresh));
  });
});
