import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import { type RouteAction, VirtualHost } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { FileAccessLog } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/file/v3/file.js';
import { Lua } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/lua/v3/lua.js';
import { HttpConnectionManager } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { TcpProxy } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { Struct } from '@envoyproxy/xds-protos/google/protobuf/struct.js';
import { describe, expect, test } from '@jest/globals';
import { namesOf, refersToAny } from './cluster-references.js';
import type { EncodedResource } from './provider.js';

const target = 'outbound|80|v2|web.shop.svc.cluster.local';
const other = 'outbound|80|v1|web.shop.svc.cluster.local';

type Codec = { readonly $type: string; encode(value: never): { finish(): Uint8Array } };

const packed = (type: Codec, value: object): { typeUrl: string; value: Buffer } => ({
  typeUrl: `type.googleapis.com/${type.$type}`,
  value: Buffer.from(type.encode(value as never).finish()),
});
const encoded = (type: Codec, value: object): EncodedResource => ({ name: 'x', version: '1', body: Any.encode(packed(type, value)).finish() });

const action = (value: Partial<RouteAction>): RouteConfiguration =>
  RouteConfiguration.fromPartial({
    virtualHosts: [
      { name: target, domains: [target], routes: [{ match: { pathSpecifier: { $case: 'prefix', value: '/' } }, action: { $case: 'route', value } }] },
    ],
  } as never);
const to = (value: Partial<RouteAction['clusterSpecifier']>): Partial<RouteAction> => ({
  clusterSpecifier: value as RouteAction['clusterSpecifier'],
});
const listenerWith = (typedConfig: object, more: object = {}): EncodedResource =>
  encoded(
    Listener as unknown as Codec,
    Listener.fromPartial({
      filterChains: [{ filters: [{ name: 'x', configType: { $case: 'typedConfig', value: typedConfig } }] }],
      ...more,
    } as never),
  );
const tcp = (cluster: string) =>
  packed(TcpProxy as unknown as Codec, TcpProxy.fromPartial({ clusterSpecifier: { $case: 'cluster', value: cluster } } as never));
const hcm = (more: object) => packed(HttpConnectionManager as unknown as Codec, HttpConnectionManager.fromPartial(more as never));
const route = (config: RouteConfiguration): EncodedResource => encoded(RouteConfiguration as unknown as Codec, config);
const filter = (type: Codec, value: object) => ({ httpFilters: [{ name: 'x', configType: { $case: 'typedConfig', value: packed(type, value) } }] });
const lua = (code: string) =>
  filter(Lua as unknown as Codec, Lua.fromPartial({ defaultSourceCode: { specifier: { $case: 'inlineString', value: code } } } as never));
/** A type that nobody here knows. */
const foreign = { $type: 'acme.Filter', encode: (value: never) => Struct.encode(value) } as unknown as Codec;

const rows: readonly [string, (cluster: string) => EncodedResource][] = [
  ['a route', (cluster) => route(action(to({ $case: 'cluster', value: cluster })))],
  [
    'one of several weights',
    (cluster) => route(action(to({ $case: 'weightedClusters', value: { clusters: [{ name: 'a' }, { name: cluster }] } } as never))),
  ],
  ['a mirror', (cluster) => route(action({ ...to({ $case: 'cluster', value: 'a' }), requestMirrorPolicies: [{ cluster }] } as never))],
  [
    'a filter of one host',
    (cluster) =>
      encoded(
        VirtualHost as unknown as Codec,
        VirtualHost.fromPartial({ name: 'h', typedPerFilterConfig: { x: packed(foreign, Struct.wrap({ deep: [{ to: cluster }] })) } } as never),
      ),
  ],
  ['a TCP proxy', (cluster) => listenerWith(tcp(cluster))],
  [
    'weights of a TCP proxy',
    (cluster) =>
      listenerWith(
        packed(
          TcpProxy as unknown as Codec,
          TcpProxy.fromPartial({ clusterSpecifier: { $case: 'weightedClusters', value: { clusters: [{ name: cluster }] } } } as never),
        ),
      ),
  ],
  [
    'inline routes',
    (cluster) => listenerWith(hcm({ routeSpecifier: { $case: 'routeConfig', value: action(to({ $case: 'cluster', value: cluster })) } })),
  ],
  [
    'a filter of a foreign type',
    (cluster) => listenerWith(hcm(filter(foreign, Struct.wrap({ grpc_service: { envoy_grpc: { cluster_name: cluster } } })))),
  ],
  [
    'a tracer',
    (cluster) =>
      listenerWith(
        hcm({ tracing: { provider: { name: 'z', configType: { $case: 'typedConfig', value: packed(foreign, Struct.wrap({ cluster })) } } } }),
      ),
  ],
  [
    'an access log',
    (cluster) =>
      listenerWith(tcp('a'), {
        accessLog: [
          {
            name: 'l',
            configType: { $case: 'typedConfig', value: packed(FileAccessLog as unknown as Codec, FileAccessLog.fromPartial({ path: cluster })) },
          },
        ],
      }),
  ],
  ["a script's text", (cluster) => listenerWith(hcm(lua(`h:httpCall("${cluster}", {}, "", 5)`)))],
];

describe('XD-003: the clusters that a resource sends traffic to are read from its bytes', () => {
  test.each(rows)('%s', (_, make) => {
    expect([refersToAny(make(target), namesOf([{ name: target }, { name: 'b' }])), refersToAny(make(other), namesOf([{ name: target }]))]).toEqual([
      true,
      false,
    ]);
  });

  const any = namesOf([{ name: target }]);
  test.each([
    ['a header', to({ $case: 'clusterHeader', value: 'x-to' })],
    ['a plugin', to({ $case: 'clusterSpecifierPlugin', value: 'p' })],
    ['a header of a weight', to({ $case: 'weightedClusters', value: { clusters: [{ clusterHeader: 'x-to' }] } } as never)],
    ['a header of a mirror', { ...to({ $case: 'cluster', value: 'a' }), requestMirrorPolicies: [{ clusterHeader: 'x-to' }] } as never],
  ])('chosen by %s: it may be any', (_, value) => {
    expect(refersToAny(route(action(value)), any)).toBe(true);
    expect(refersToAny(listenerWith(hcm({ routeSpecifier: { $case: 'routeConfig', value: action(value) } })), any)).toBe(true);
  });

  test('what is no message is an error, or may be any', () => {
    const body = (value: string) => Any.encode({ typeUrl: `type.googleapis.com/${RouteConfiguration.$type}`, value: Buffer.from(value) }).finish();
    expect(() => refersToAny({ name: 'x', version: '1', body: Buffer.from('nonsense') }, any)).toThrow('not a protobuf message');
    expect(refersToAny({ name: 'x', version: '1', body: body('nonsense') }, any)).toBe(true);
  });

  test('a deep message ends the search', () => {
    let value = Buffer.from('x');
    for (let i = 0; i < 300; i++) value = Buffer.concat([Buffer.from([0x0a, ...varint(value.length)]), value]);
    expect(refersToAny({ name: 'x', version: '1', body: value }, any)).toBe(true);
  });
});

const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)]);
