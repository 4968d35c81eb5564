import { describe, expect, test } from '@jest/globals';
import { formatSpiffeId, isSameIdentity, parseSpiffeId } from './spiffe.js';

const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };

describe('CA-006 SPIFFE ids', () => {
  test('formats in Istio layout and parses back', () => {
    expect(formatSpiffeId(identity)).toBe('spiffe://cluster.local/ns/default/sa/reviews');
    expect(parseSpiffeId('spiffe://cluster.local/ns/default/sa/reviews')).toEqual(identity);
  });

  test.each([
    'spiffe://cluster.local/ns/default/sa/reviews/',
    'spiffe://cluster.local/ns/default/sa/',
    'spiffe://cluster.local/ns//sa/reviews',
    'spiffe:///ns/default/sa/reviews',
    'SPIFFE://cluster.local/ns/default/sa/reviews',
    'spiffe://Cluster.local/ns/default/sa/reviews',
    'spiffe://cluster.local:443/ns/default/sa/reviews',
    'spiffe://user@cluster.local/ns/default/sa/reviews',
    'spiffe://cluster.local/ns/default/sa/reviews?x=1',
    'spiffe://cluster.local/ns/default/sa/reviews#x',
    'spiffe://cluster.local/ns/%64efault/sa/reviews',
    'spiffe://cluster.local/ns/../sa/reviews',
    'spiffe://cluster.local/ns/default/sa/.',
    'spiffe://cluster.local/sa/reviews/ns/default',
    'spiffe://cluster.local/ns/default/sa/reviews\n',
    'spiffe://cluster.local/ns/default/sa/reviews\0',
    'https://cluster.local/ns/default/sa/reviews',
    `spiffe://cluster.local/ns/default/sa/${'a'.repeat(2048)}`,
    `spiffe://${'a'.repeat(256)}/ns/default/sa/b`,
    '',
  ])('does not parse %j', (uri) => {
    expect(parseSpiffeId(uri)).toBeUndefined();
  });

  test.each([
    { ...identity, trustDomain: 'a/b' },
    { ...identity, namespace: '' },
    { ...identity, namespace: 'x/sa/admin' },
    { ...identity, serviceAccount: '..' },
  ])('refuses to format what it would not parse: %j', (bad) => {
    expect(() => formatSpiffeId(bad)).toThrow(RangeError);
  });

  test('two identities are the same only in all three parts', () => {
    expect(isSameIdentity(identity, { ...identity })).toBe(true);
    expect(isSameIdentity(identity, { ...identity, trustDomain: 'other' })).toBe(false);
    expect(isSameIdentity(identity, { ...identity, namespace: 'other' })).toBe(false);
    expect(isSameIdentity(identity, { ...identity, serviceAccount: 'other' })).toBe(false);
  });
});
