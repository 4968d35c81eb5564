/** Nodes that mean harm: what they say of themselves is bounded and checked before it becomes part of the mesh. */
import { expect, test } from '@jest/globals';
import { parseNode } from './proxy-node.js';

const id = 'sidecar~10.0.0.1~web.shop~shop.svc.cluster.local';

test('XD-018: a port in the metadata that is none counts as not set, so that listeners can still be made', () => {
  for (const port of ['65536', '-1', '1.5', '9007199254740992', 'x', 'Infinity', ''])
    expect([port, parseNode({ id, metadata: { HTTP_PROXY_PORT: port } }).httpProxyPort]).toEqual([port, 0]);
  expect(parseNode({ id, metadata: { HTTP_PROXY_PORT: '15007' } }).httpProxyPort).toBe(15007);
  expect(parseNode({ id, metadata: { HTTP_PROXY_PORT: 15007 } }).httpProxyPort).toBe(15007);
});
test('PA-012: of the extensions that a node lists only the filters of Istio’s Envoy count, and only when they are enabled', () => {
  const filters = (...extensions: { name: string; disabled?: boolean }[]) => parseNode({ id, extensions }).istioFilters;
  expect(filters({ name: 'istio.alpn' }, { name: 'envoy.filters.http.router' }, { name: 'istio.alpn' })).toEqual(['alpn']);
  expect(filters({ name: 'envoy.filters.http.peer_metadata' }, { name: 'istio.alpn' })).toEqual(['alpn', 'peer_metadata']);
  expect(filters({ name: 'envoy.filters.network.metadata_exchange' })).toEqual(['tcp_exchange']);
  expect(filters({ name: 'istio.alpn', disabled: true }, { name: 'constructor' })).toBeUndefined();
});
