/** The shared lists must never show: a cut request reads like the whole one. */

import { DeltaDiscoveryRequest, DiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { describe, expect, test } from '@jest/globals';
import { cutNames, setOf, sortedOf } from './name-lists.js';
import { deltaVariant, sotwVariant } from './variant.js';

const names = (count: number, prefix = 'outbound|80||svc-'): string[] => Array.from({ length: count }, (_, i) => `${prefix}${count - i}.example`);
const sotw = (resourceNames: string[], versionInfo = 'v1') =>
  DiscoveryRequest.fromPartial({ versionInfo, node: { id: 'n' }, resourceNames, typeUrl: 't', responseNonce: '7' });
const encode = (request: DiscoveryRequest): Buffer => Buffer.from(DiscoveryRequest.encode(request).finish());

describe('lists of names in requests', () => {
  test('are read as the decoder reads them, known or not', () => {
    for (const list of [[], ['a'], names(99), names(100), names(99), names(98), names(100).slice(1)]) {
      expect(sotwVariant.decode(encode(sotw(list)))).toEqual(sotw(list));
    }
  });

  test('a longer list that begins like a known one is not taken for it', () => {
    const longer = [...names(50), 'one-more'];
    expect(sotwVariant.decode(encode(sotw(names(50)))).resourceNames).toHaveLength(50);
    expect(sotwVariant.decode(encode(sotw(longer))).resourceNames).toEqual(longer);
  });

  test('a request that comes in the same buffer as one before is not taken for it', () => {
    const buffer = Buffer.alloc(10_000);
    const read = (list: string[]) => {
      const bytes = encode(sotw(list));
      bytes.copy(buffer);
      return sotwVariant.decode(buffer.subarray(0, bytes.length)).resourceNames;
    };
    const first = read(names(70, 'first-'));
    expect(read(names(70, 'other-'))).toEqual(names(70, 'other-'));
    expect(first).toEqual(names(70, 'first-'));
    expect(read(names(70, 'first-'))).toBe(first);
  });

  test('equal lists are one array, whatever else the requests say', () => {
    const first = sotwVariant.decode(encode(sotw(names(60), 'v1')));
    const second = sotwVariant.decode(encode(sotw(names(60), 'v2')));
    expect(second.resourceNames).toBe(first.resourceNames);
    expect(second.versionInfo).toBe('v2');
  });

  test('a second run of names after other fields is appended', () => {
    const both = Buffer.concat([encode(sotw(names(60))), encode(DiscoveryRequest.fromPartial({ resourceNames: ['last'] }))]);
    expect(sotwVariant.decode(both).resourceNames).toEqual([...names(60), 'last']);
  });

  test('subscriptions of the delta variant are shared too', () => {
    const request = DeltaDiscoveryRequest.fromPartial({ typeUrl: 't', resourceNamesSubscribe: names(60), resourceNamesUnsubscribe: ['gone'] });
    const read = () => deltaVariant.decode(Buffer.from(DeltaDiscoveryRequest.encode(request).finish()));
    expect(read()).toEqual(request);
    expect(read().resourceNamesSubscribe).toBe(read().resourceNamesSubscribe);
  });

  test('what is cut off or garbled is refused as the decoder refuses it', () => {
    const bytes = encode(sotw(names(60)));
    const short = bytes.subarray(0, 700);
    expect(() => DiscoveryRequest.decode(short)).toThrow();
    expect(() => cutNames(short)).toThrow();
  });

  test('sets are shared, in order, and without repetition', () => {
    const list = ['b', 'a', 'b'];
    expect(setOf(list)).toBe(setOf(list));
    expect(sortedOf(setOf(list))).toEqual(['a', 'b']);
    const own = new Set(['z']);
    sortedOf(own);
    own.add('c');
    expect(sortedOf(own)).toEqual(['c', 'z']);
  });
});
