import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import type { VirtualHost } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import { decodeResource } from './json.js';
import { LISTENER_TYPE, ROUTE_TYPE, VIRTUAL_HOST_TYPE } from './type-urls.js';
import { defineViews, type ResourceSet } from './views.js';

const entry = (name: string) =>
  `{"apiVersion":"networking.istio.io/v1","kind":"ServiceEntry","metadata":{"name":"${name}","namespace":"a"},"spec":{"hosts":["${name}.test"],"resolution":"STATIC","ports":[{"number":80,"name":"http","protocol":"HTTP"}],"endpoints":[{"address":"1.1.1.1"}]}}`;
const virtualService = (name: string, timeout: string) =>
  `{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"${name}","namespace":"a"},"spec":{"hosts":["${name}.test"],"http":[{"timeout":"${timeout}","route":[{"destination":{"host":"${name}.test"}}]}]}}`;
const filter = (applyTo: string) =>
  `{"apiVersion":"networking.istio.io/v1alpha3","kind":"EnvoyFilter","metadata":{"name":"f","namespace":"a"},"spec":{"configPatches":[{"applyTo":"${applyTo}","match":{"context":"SIDECAR_OUTBOUND"},"patch":{"operation":"MERGE","value":{"name":"x"}}}]}}`;

function room(vhdsThreshold: number | undefined, metadata: Record<string, unknown> = {}, type = 'sidecar') {
  const graph = new Graph();
  const mesh = defineMesh(graph);
  const views = defineViews(mesh);
  const put = (...texts: string[]) => {
    const { resources } = parseResources(texts.join('\n---\n'));
    graph.transaction(() => {
      for (const row of resources) mesh.rows.of(row.kind).set(row as never);
    });
  };
  const proxy = parseNode({
    id: `${type}~10.9.9.9~p.a~a.svc.cluster.local`,
    metadata,
    ...(vhdsThreshold !== undefined && { vhdsThreshold }),
  });
  graph.transaction(() => mesh.rows.proxies.set(proxy));
  const flat = (set: ResourceSet) => set.chunks.flat();
  const watch = (typeUrl: string, names?: readonly string[]) => {
    const open = views.watch(proxy.key, typeUrl, names, () => undefined);
    return () => flat(open.read());
  };
  const listeners = watch(LISTENER_TYPE);
  const routesOf = () =>
    listeners().flatMap((one) => /"routeConfigName":"([^"]*)"/.exec(JSON.stringify(Listener.toJSON(decodeResource(one) as Listener)))?.[1] ?? []);
  return { put, watch, routesOf };
}

describe('virtual hosts one by one', () => {
  test('only above the threshold, and for proxies that can take it', () => {
    for (const [threshold, metadata, name] of [
      [1, {}, '80~vhds'],
      [2, {}, '80'],
      [undefined, {}, '80'],
      [1, { ISTIO_VERSION: '1.27.0' }, '80'],
    ] as const) {
      const { put, routesOf } = room(threshold, metadata);
      put(entry('x'), entry('y'));
      expect(routesOf()).toEqual([name]);
    }
  });

  test('EF-009 patches of routes keep all hosts in the route configuration, other patches do not', () => {
    const { put, routesOf } = room(1);
    put(entry('x'), entry('y'), filter('CLUSTER'));
    expect(routesOf()).toEqual(['80~vhds']);
    put(filter('VIRTUAL_HOST'));
    expect(routesOf()).toEqual(['80']);
  });

  test('the catch-all stays in the route configuration, the others are named after it and otherwise the same', () => {
    const { put, watch } = room(1);
    put(entry('x'), entry('y'), virtualService('x', '3s'));
    const [small] = watch(ROUTE_TYPE, ['80~vhds'])().map((one) => decodeResource(one) as RouteConfiguration);
    const [whole] = watch(ROUTE_TYPE, ['80'])().map((one) => decodeResource(one) as RouteConfiguration);
    expect(small?.virtualHosts.map(({ name }) => name)).toEqual(['allow_any']);
    expect(small?.vhds?.configSource?.configSourceSpecifier).toEqual({ $case: 'ads', value: {} });
    const resources = watch(VIRTUAL_HOST_TYPE, ['80', '80~vhds'])();
    const hosts = resources.map((one) => decodeResource(one) as VirtualHost);
    expect(hosts.map(({ name }) => name)).toEqual(resources.map(({ name }) => name));
    expect(hosts).toEqual(whole?.virtualHosts.slice(0, -1).map((host) => ({ ...host, name: `80~vhds/${host.name}` })));
    expect(hosts).toHaveLength(2);
  });

  test('a change of one leaves the others the very same', () => {
    const { put, watch } = room(1);
    put(entry('x'), entry('y'), virtualService('x', '3s'));
    const hosts = watch(VIRTUAL_HOST_TYPE, ['80~vhds']);
    const routes = watch(ROUTE_TYPE, ['80~vhds']);
    const [before, routesBefore] = [hosts(), routes()];
    put(virtualService('x', '4s'), entry('z'));
    const after = hosts();
    expect(after.map(({ name }) => name)).toEqual(['80~vhds/x.test:80', '80~vhds/y.test:80', '80~vhds/z.test:80']);
    expect(after.map((one) => before.includes(one))).toEqual([false, true, false]);
    expect(routes()[0]).toBe(routesBefore[0]);
  });

  test('without any host there is one that nobody asks for: Envoy would wait for the first', () => {
    const [only] = room(1).watch(VIRTUAL_HOST_TYPE, ['80~vhds'])();
    expect(decodeResource(only as NonNullable<typeof only>)).toMatchObject({ name: '80~vhds/none', domains: ['none.invalid'], routes: [] });
  });
});
