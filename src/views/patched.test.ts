import type { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import type { EncodedResource } from './encode.js';
import { decodeResource, resourceToJson } from './json.js';
import { CLUSTER_TYPE, EXTENSION_TYPE, LISTENER_TYPE, ROUTE_TYPE } from './type-urls.js';
import { defineViews } from './views.js';

const service = (name: string, port = 80): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'a', name },
    spec: { clusterIP: `10.0.0.${name.length}`, clusterIPs: [`10.0.0.${name.length}`], ports: [{ name: 'http', port }] },
  });
const envoyFilter = (name: string, patches: object[], labels?: object, namespace = 'a'): string =>
  JSON.stringify({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { namespace, name },
    spec: { configPatches: patches, ...(labels && { workloadSelector: { labels } }) },
  });
const timeout = (seconds: number, cluster?: object) => ({
  applyTo: 'CLUSTER',
  match: { context: 'SIDECAR_OUTBOUND', cluster },
  patch: { operation: 'MERGE', value: { connect_timeout: `${seconds}s` } },
});
const only = (name: string) => ({ service: `${name}.a.svc.cluster.local` });

function room(...documents: string[]) {
  const graph = new Graph();
  const mesh = defineMesh(graph);
  const views = defineViews(mesh);
  const put = (...texts: string[]) => {
    const { resources, problems } = parseResources(texts.join('\n---\n'));
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    graph.transaction(() => {
      for (const row of resources) mesh.rows.of(row.kind).set(row as never);
    });
  };
  let next = 1;
  const proxy = (labels: object = {}, type = 'sidecar') => {
    const node = parseNode({ id: `${type}~10.9.9.${next++}~p.a~a.svc.cluster.local`, metadata: { NAMESPACE: 'a', LABELS: labels } });
    graph.transaction(() => mesh.rows.proxies.set(node));
    return node.key;
  };
  const watch = (key: string, type = CLUSTER_TYPE, names?: string[]) => views.watch(key, type, names, () => undefined);
  const get = (key: string, name: string, type = CLUSTER_TYPE, names?: string[]): EncodedResource | undefined =>
    watch(key, type, names)
      .read()
      .chunks.flat()
      .find((resource) => resource.name === name);
  const seconds = (key: string, host: string) =>
    Number((decodeResource(get(key, `outbound|80||${host}.a.svc.cluster.local`) as EncodedResource) as Cluster).connectTimeout?.seconds);
  put(...documents);
  return { graph, mesh, views, put, proxy, watch, get, seconds };
}
const NAME = (host: string) => `outbound|80||${host}.a.svc.cluster.local`;

describe('sharing', () => {
  test('a proxy without patches keeps its objects when others get some', () => {
    const { put, proxy, watch } = room(service('api'), service('other'));
    const key = proxy({ app: 'x' });
    const reader = watch(key);
    const before = reader.read();
    put(envoyFilter('f', [timeout(7)], { app: 'patched' }));
    expect(reader.read()).toBe(before);
  });
  test('EF-013 what no patch is about is the same object for patched and unpatched proxies', () => {
    const { proxy, get, seconds } = room(service('api'), service('other'), envoyFilter('f', [timeout(7, only('api'))], { app: 'patched' }));
    const [plain, patched] = [proxy(), proxy({ app: 'patched' })];
    expect([seconds(plain, 'api'), seconds(patched, 'api')]).toEqual([10, 7]);
    expect(get(patched, NAME('other'))).toBe(get(plain, NAME('other')));
  });
  test('proxies with equal patches share what is patched', () => {
    const { proxy, get } = room(service('api'), envoyFilter('f', [timeout(7)], { app: 'patched' }));
    const [one, two] = [proxy({ app: 'patched', pod: '1' }), proxy({ app: 'patched', pod: '2' })];
    expect(get(one, NAME('api'))).toBe(get(two, NAME('api')));
    const listener = (key: string) => get(key, 'virtualOutbound', LISTENER_TYPE);
    expect(listener(one)).toBe(listener(two));
  });
  test('a changed service patches its own cluster anew and no other', () => {
    const { proxy, get, put } = room(service('api'), service('other'), envoyFilter('f', [timeout(7)]));
    const key = proxy();
    const other = get(key, NAME('other'));
    put(
      service('api'),
      JSON.stringify({
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata: { namespace: 'a', name: 'api' },
        spec: { host: 'api', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } },
      }),
    );
    expect(get(key, NAME('other'))).toBe(other);
    expect(resourceToJson(get(key, NAME('api')) as EncodedResource)).toMatchObject({ connectTimeout: '7s', lbPolicy: 'RANDOM' });
  });
  test('an edited EnvoyFilter is what counts, a deleted one leaves no trace', () => {
    const { graph, mesh, proxy, put, seconds } = room(service('api'), envoyFilter('f', [timeout(7)]));
    const key = proxy();
    expect(seconds(key, 'api')).toBe(7);
    put(envoyFilter('f', [timeout(8)]));
    expect(seconds(key, 'api')).toBe(8);
    graph.transaction(() => mesh.rows.of('EnvoyFilter').delete('a/f'));
    expect(seconds(key, 'api')).toBe(10);
  });
});

describe('names', () => {
  test('XD-034 an addition does not take the name of what is there, and that is told', () => {
    const add = (name: string) => ({ applyTo: 'CLUSTER', patch: { operation: 'ADD', value: { name, type: 'STATIC' } } });
    const { proxy, watch, views } = room(service('api'), envoyFilter('f', [add('BlackHoleCluster'), add('mine'), add('mine')]));
    const key = proxy();
    const names = watch(key)
      .read()
      .chunks.flat()
      .map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('mine');
    expect(views.patchReport(key, () => []).failures).toEqual([
      { message: 'there is a cluster BlackHoleCluster already', after: 'a/f#0', repeatedCluster: 'BlackHoleCluster' },
      { message: 'there is a cluster mine already', after: 'a/f#2', repeatedCluster: 'mine' },
    ]);
  });
  test('XD-034 a virtual host does not take the name or a domain of another, and that is told', () => {
    const host = (name: string, ...domains: string[]) => ({
      applyTo: 'VIRTUAL_HOST',
      match: { context: 'SIDECAR_OUTBOUND', routeConfiguration: { name: '80' } },
      patch: { operation: 'ADD', value: { name, domains, routes: [{ match: { prefix: '/' }, direct_response: { status: 418 } }] } },
    });
    const widen = {
      applyTo: 'VIRTUAL_HOST',
      match: { context: 'SIDECAR_OUTBOUND', routeConfiguration: { vhost: { domainName: 'api' } } },
      patch: { operation: 'MERGE', value: { domains: ['OTHER', 'own.test'] } },
    };
    const taken = host('api.a.svc.cluster.local:80', 'new.test');
    const filter = envoyFilter('f', [host('added', 'Api', 'mine.test'), taken, widen, host('empty', 'api', 'mine.test')]);
    const { proxy, get, views } = room(service('api'), service('other'), filter);
    const key = proxy();
    const { virtualHosts } = resourceToJson(get(key, '80', ROUTE_TYPE, ['80']) as EncodedResource) as {
      virtualHosts: { name: string; domains: string[] }[];
    };
    const domains = virtualHosts.flatMap((one) => one.domains.map((domain) => domain.toLowerCase()));
    expect(new Set(domains).size).toBe(domains.length);
    expect(new Set(virtualHosts.map(({ name }) => name)).size).toBe(virtualHosts.length);
    expect(virtualHosts.find(({ name }) => name === 'added')?.domains).toEqual(['mine.test']);
    expect(virtualHosts.find(({ name }) => name === 'api.a.svc.cluster.local:80')?.domains).toContain('own.test');
    expect(virtualHosts.map(({ name }) => name)).not.toContain('empty');
    const [failure, ...more] = views.patchReport(key, () => ['80']).failures;
    expect(more).toEqual([]);
    expect(failure?.message).toContain('the domain Api of virtual host added is of api.a.svc.cluster.local:80 already');
    expect(failure?.message).toContain('there is a virtual host api.a.svc.cluster.local:80 already');
  });
});

describe('routes', () => {
  const header = (vhost?: object) => ({
    applyTo: 'VIRTUAL_HOST',
    match: { context: 'SIDECAR_OUTBOUND', routeConfiguration: { name: '80', vhost } },
    patch: { operation: 'MERGE', value: { request_headers_to_remove: ['x'] } },
  });
  test('EF-011 only the virtual host that is meant changes, byte by byte', () => {
    const { proxy, get } = room(service('api'), service('other'), envoyFilter('f', [header({ domainName: 'api' })], { app: 'patched' }));
    const route = (key: string) => resourceToJson(get(key, '80', ROUTE_TYPE, ['80']) as EncodedResource) as { virtualHosts: { name: string }[] };
    const [plain, patched] = [route(proxy()), route(proxy({ app: 'patched' }))];
    expect(patched).toEqual({
      ...plain,
      virtualHosts: plain.virtualHosts.map((host) =>
        host.name === 'api.a.svc.cluster.local:80' ? { ...host, requestHeadersToRemove: ['x'] } : host,
      ),
    });
    expect(patched).not.toEqual(plain);
  });
  test('EF-010 a route configuration that no patch is about is the very same', () => {
    const { proxy, get } = room(service('api'), service('other', 81), envoyFilter('f', [header()], { app: 'patched' }));
    const [plain, patched] = [proxy(), proxy({ app: 'patched' })];
    expect(get(patched, '81', ROUTE_TYPE, ['81'])).toBe(get(plain, '81', ROUTE_TYPE, ['81']));
    expect(get(patched, '80', ROUTE_TYPE, ['80'])).not.toBe(get(plain, '80', ROUTE_TYPE, ['80']));
  });
});

describe('extensions and reports', () => {
  test('EF-014 extension configurations are served by name', () => {
    const value = {
      name: 'mine',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer', max_request_bytes: 5 },
    };
    const { proxy, get } = room(envoyFilter('f', [{ applyTo: 'EXTENSION_CONFIG', patch: { operation: 'ADD', value } }], { app: 'patched' }));
    const resource = get(proxy({ app: 'patched' }), 'mine', EXTENSION_TYPE, ['mine', 'other']);
    expect(resourceToJson(resource as EncodedResource)).toMatchObject({ name: 'mine', typedConfig: { maxRequestBytes: 5 } });
    expect(get(proxy(), 'mine', EXTENSION_TYPE, ['mine'])).toBeUndefined();
  });
  test('a report tells matched from unmatched patches and what was refused', () => {
    const { proxy, views } = room(
      service('api'),
      envoyFilter('f', [
        timeout(7, only('api')),
        timeout(7, only('nobody')),
        { applyTo: 'HTTP_FILTER', patch: { operation: 'REMOVE' } },
        { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { nope: 1 } } },
      ]),
    );
    const report = views.patchReport(proxy(), () => ['80']);
    expect(report.selected).toEqual(['a/f#0', 'a/f#1', 'a/f#2', 'a/f#3']);
    expect(report.applied).toEqual(['a/f#0', 'a/f#3']);
    expect(report.problems.map(({ field }) => field)).toEqual(['spec.configPatches[2].match', 'spec.configPatches[3].patch.value.nope']);
  });
  test('the origins of a patched resource name the EnvoyFilter and what it was made from', () => {
    const { proxy, watch } = room(service('api'), envoyFilter('f', [timeout(7)]));
    const reader = watch(proxy());
    const resource = reader
      .read()
      .chunks.flat()
      .find(({ name }) => name === NAME('api'));
    const origins = reader.originsOf(resource as EncodedResource).map(({ collection, key }) => `${collection} ${key}`);
    expect(origins).toContain('envoyFilters a/f');
    expect(origins).toContain('services a/api');
  });
});
