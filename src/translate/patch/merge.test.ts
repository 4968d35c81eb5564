import { fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { envoyType, envoyTypes } from './envoy-types.js';
import { type Lists, mergeAny, mergeInto } from './merge.js';
import type { AnyMessage } from './messages.js';

const CLUSTER = envoyType('envoy.config.cluster.v3.Cluster');
const HOST = envoyType('envoy.config.route.v3.VirtualHost');
const ANY = envoyType('google.protobuf.Any');
const registry = envoyTypes();

function merged(type: typeof CLUSTER, target: JsonValue, patch: JsonValue, lists?: Lists): JsonValue {
  const message: Message = fromJson(type, target, { registry });
  mergeInto(type, message, fromJson(type, patch, { registry }), lists);
  return toJson(type, message, { registry, useProtoFieldName: true });
}
const any = (json: JsonValue): AnyMessage => fromJson(ANY, json, { registry }) as AnyMessage;

describe('EF-018 merge', () => {
  test('scalars and enums replace, what the patch lacks stays', () => {
    expect(merged(CLUSTER, { name: 'a', lb_policy: 'RANDOM' }, { lb_policy: 'RING_HASH' })).toEqual({ name: 'a', lb_policy: 'RING_HASH' });
  });
  test('messages merge', () => {
    const patch = { upstream_connection_options: { tcp_keepalive: { keepalive_time: 9 } } };
    expect(merged(CLUSTER, { upstream_connection_options: { tcp_keepalive: { keepalive_probes: 3 } } }, patch)).toEqual({
      upstream_connection_options: { tcp_keepalive: { keepalive_probes: 3, keepalive_time: 9 } },
    });
  });
  test('durations replace as a whole: no nanoseconds are left over', () => {
    expect(merged(CLUSTER, { connect_timeout: '1.5s' }, { connect_timeout: '2s' })).toEqual({ connect_timeout: '2s' });
  });
  test('lists append, or replace', () => {
    expect(merged(HOST, { domains: ['a'] }, { domains: ['b'] })).toEqual({ domains: ['a', 'b'] });
    expect(merged(HOST, { domains: ['a'] }, { domains: ['b'] }, 'replace')).toEqual({ domains: ['b'] });
  });
  test('replacing lists is for all depths, and for lists that the patch has', () => {
    const target = { domains: ['a'], cors: { allow_origin_string_match: [{ exact: 'x' }] } };
    const patch = { cors: { allow_origin_string_match: [{ exact: 'y' }] } };
    expect(merged(HOST, target, patch, 'replace')).toEqual({ domains: ['a'], cors: { allow_origin_string_match: [{ exact: 'y' }] } });
  });
  test('entries of maps are set whole', () => {
    const filter = 'envoy.filters.http.buffer';
    const type = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute';
    const target = { typed_per_filter_config: { [filter]: { '@type': type, disabled: true }, other: { '@type': type, disabled: true } } };
    const patch = { typed_per_filter_config: { [filter]: { '@type': type, buffer: { max_request_bytes: 5 } } } };
    expect(merged(HOST, target, patch)).toEqual({
      typed_per_filter_config: { [filter]: { '@type': type, buffer: { max_request_bytes: 5 } }, other: { '@type': type, disabled: true } },
    });
  });
  test('a oneof takes the case of the patch', () => {
    expect(merged(CLUSTER, { type: 'EDS' }, { cluster_type: { name: 'x' } })).toEqual({ cluster_type: { name: 'x' } });
  });
  test('wrapped numbers replace, a wrapped zero is not seen', () => {
    expect(merged(CLUSTER, { per_connection_buffer_limit_bytes: 5 }, { per_connection_buffer_limit_bytes: 6 })).toEqual({
      per_connection_buffer_limit_bytes: 6,
    });
    expect(merged(CLUSTER, { per_connection_buffer_limit_bytes: 5 }, { per_connection_buffer_limit_bytes: 0 })).toEqual({
      per_connection_buffer_limit_bytes: 5,
    });
    expect(merged(CLUSTER, {}, { per_connection_buffer_limit_bytes: 0 })).toEqual({ per_connection_buffer_limit_bytes: 0 });
  });
  test('Structs merge by key', () => {
    const target = { metadata: { filter_metadata: { istio: { host: 'a' } } } };
    const patch = { metadata: { filter_metadata: { mine: { team: 'b' } } } };
    expect(merged(CLUSTER, target, patch)).toEqual({ metadata: { filter_metadata: { istio: { host: 'a' }, mine: { team: 'b' } } } });
  });
  test('the patch stays as it was, and what it gave is a copy', () => {
    const patch = fromJson(HOST, { cors: { allow_methods: 'GET' }, domains: ['b'] });
    const before = toJson(HOST, patch);
    const first = fromJson(HOST, {});
    mergeInto(HOST, first, patch);
    mergeInto(HOST, first, fromJson(HOST, { cors: { allow_methods: 'PUT' }, domains: ['c'] }));
    expect(toJson(HOST, patch)).toEqual(before);
  });
});

describe('EF-008 typed configuration', () => {
  const router = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
  test('equal types merge inside', () => {
    const result = mergeAny(any({ '@type': router, start_child_span: true }), any({ '@type': router, suppress_envoy_headers: true }));
    expect(toJson(ANY, result, { registry })).toEqual({ '@type': router, startChildSpan: true, suppressEnvoyHeaders: true });
  });
  test('another type takes its place', () => {
    const lua = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua', inlineCode: 'x' };
    expect(toJson(ANY, mergeAny(any({ '@type': router }), any(lua)), { registry })).toEqual(lua);
  });
  test('EF-021 TypedStruct keeps content that nobody knows', () => {
    const struct = {
      '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
      typeUrl: 'type.googleapis.com/com.example.Mine',
      value: { a: [1, { b: null }] },
    };
    expect(toJson(ANY, mergeAny(any({ '@type': router }), any(struct)), { registry })).toEqual(struct);
  });
});
