import { DeltaDiscoveryResponse, DiscoveryResponse } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { expect, test } from '@jest/globals';
import { chunkBody, encodeHeader, joinSmall } from './encoding.js';
import { TypeUrl } from './push-order.js';
import { diff } from './resource-diff.js';
import { emptySet, overlay, union, versionOf } from './resource-set.js';
import { resource, textOf } from './testing/fake-provider.js';

const r = (name: string, text = '1') => resource(TypeUrl.cluster, name, text);
const header = { version: 'v', typeUrl: TypeUrl.cluster, nonce: 'n', controlPlane: 'me' };

test('XD-001 a SotW response decodes to what the generated code would have written', () => {
  const chunk = [r('a'), r('b')];
  const response = DiscoveryResponse.decode(Buffer.concat([encodeHeader('sotw', header), ...chunkBody('sotw', chunk)]));
  const { versionInfo, typeUrl, nonce, controlPlane, resources } = response;
  expect({ versionInfo, typeUrl, nonce, id: controlPlane?.identifier }).toEqual({ versionInfo: 'v', typeUrl: TypeUrl.cluster, nonce: 'n', id: 'me' });
  expect(resources.map((any) => [any.typeUrl, textOf(any.value)])).toEqual(['a=1', 'b=1'].map((text) => [TypeUrl.cluster, text]));
});

test('XD-002 a delta response decodes to what the generated code would have written', () => {
  const chunk = [r('a'), r('b')];
  const response = DeltaDiscoveryResponse.decode(
    Buffer.concat([encodeHeader('delta', { ...header, removed: ['x', 'y'] }), ...chunkBody('delta', chunk)]),
  );
  const { systemVersionInfo, typeUrl, nonce, controlPlane, resources, removedResources } = response;
  expect({ systemVersionInfo, typeUrl, nonce, id: controlPlane?.identifier }).toEqual({
    systemVersionInfo: 'v',
    typeUrl: TypeUrl.cluster,
    nonce: 'n',
    id: 'me',
  });
  expect(removedResources).toEqual(['x', 'y']);
  expect(resources.map((x) => [x.name, x.version, textOf(x.resource?.value)])).toEqual(chunk.map((x) => [x.name, x.version, `${x.name}=1`]));
});

test('headers are the same however they are written', () => {
  for (const typeUrl of [TypeUrl.route, 'x/é', 'x'.repeat(200)]) {
    for (const removed of [[], ['gone']]) {
      const bytes = encodeHeader('delta', { version: 'v1', typeUrl, nonce: 'p.1', controlPlane: '', removed });
      const { systemVersionInfo, typeUrl: type, nonce, controlPlane, removedResources } = DeltaDiscoveryResponse.decode(bytes);
      expect([systemVersionInfo, type, nonce, controlPlane, removedResources]).toEqual(['v1', typeUrl, 'p.1', undefined, removed]);
    }
  }
});

test('bodies are made once: per chunk, and per pair of sets', () => {
  const chunk = [r('a', 'x'.repeat(20_000))];
  const one = { chunks: [chunk] };
  const two = { chunks: [chunk, [r('b')]] };
  expect(diff(emptySet, one).bodies('sotw')[0]).toBe(diff(emptySet, two).bodies('sotw')[0]);
  expect(diff(one, two)).toBe(diff(one, two));
  expect(diff(one, two).bodies('delta')).toBe(diff(one, two).bodies('delta'));
});

test('a big resource goes out as it is, in either variant', () => {
  const big = r('a', 'x'.repeat(20_000));
  expect(chunkBody('sotw', [big])[1]).toBe(big.body);
  expect(chunkBody('delta', [big])[1]).toBe(big.body);
  const { resources } = DeltaDiscoveryResponse.decode(Buffer.concat(chunkBody('delta', [r('s'), big, r('t')])));
  expect(resources.map((x) => [x.name, x.resource?.value.length])).toEqual([
    ['s', 5],
    ['a', 20_006],
    ['t', 5],
  ]);
});

test('joining keeps the bytes, and big buffers as they are', () => {
  const [small, big] = [Buffer.from('s'), Buffer.alloc(20_000, 'b')];
  const joined = joinSmall([small, small, big, small]);
  expect(joined.map((b) => b.length)).toEqual([2, 20_000, 1]);
  expect(joined[1]).toBe(big);
});

test('a difference looks at chunks, then references, then versions', () => {
  const kept = [r('k')];
  const a = r('a');
  const before = { chunks: [kept, [a, r('b'), r('c')]] };
  const after = { chunks: [[a, r('b'), r('c', '2'), r('d')], kept] };
  const { changed, updated, removed } = diff(before, after);
  expect([changed.map((x) => x.name), [...updated], removed.map((x) => x.name)]).toEqual([['c', 'd'], ['c'], []]);
  expect(diff(after, { chunks: [kept] }).removed.map((x) => x.name)).toEqual(['a', 'b', 'c', 'd']);
  expect(diff(before, { chunks: [[r('k'), r('a'), r('b'), r('c')]] }).isEmpty).toBe(true);
});

test('versions follow content; union and overlay keep names unique', () => {
  expect(versionOf({ chunks: [[r('a')]] })).toBe(versionOf({ chunks: [[r('a')]] }));
  expect(versionOf({ chunks: [[r('a')]] })).not.toBe(versionOf({ chunks: [[r('a', '2')]] }));
  const flat = (set: { chunks: readonly (readonly { name: string; version: string }[])[] }) => set.chunks.flat().map((x) => `${x.name}@${x.version}`);
  expect(flat(union({ chunks: [[r('a')]] }, { chunks: [[r('a', '2'), r('b')]] }))).toEqual([`a@${r('a').version}`, `b@${r('b').version}`]);
  expect(flat(overlay({ chunks: [[r('a'), r('b')]] }, [r('a', '2')]))).toEqual([`a@${r('a', '2').version}`, `b@${r('b').version}`]);
});
