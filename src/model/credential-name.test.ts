import { describe, expect, test } from '@jest/globals';
import { namespaceOfIdentity, parseCredentialName } from './credential-name.js';

describe('credential names', () => {
  test.each([
    ['kubernetes://web', { type: 'kubernetes', namespace: 'edge', name: 'web' }],
    ['kubernetes://shop/web-cacert', { type: 'kubernetes', namespace: 'shop', name: 'web-cacert' }],
    ['kubernetes-gateway://shop/web', { type: 'kubernetes-gateway', namespace: 'shop', name: 'web' }],
    ['configmap://shop/roots-cacert', { type: 'configmap', namespace: 'shop', name: 'roots-cacert' }],
  ])('%s', (name, expected) => expect(parseCredentialName(name, 'edge')).toEqual(expected));

  test.each([
    'default',
    'invalid://',
    'kubernetes://',
    'kubernetes:///web',
    'kubernetes://a/b/c',
    'kubernetes://a://b',
    'configmap://roots',
    'kubernetes-gateway://web',
  ])('%s names nothing', (name) => expect(parseCredentialName(name, 'edge')).toBeUndefined());

  test.each([
    ['spiffe://cluster.local/ns/edge/sa/proxy', 'edge'],
    ['spiffe://cluster.local/ns/edge/sa/proxy/more', undefined],
    ['spiffe://cluster.local/sa/proxy/ns/edge', undefined],
    ['https://cluster.local/ns/edge/sa/proxy', undefined],
    ['', undefined],
  ])('namespace of %s', (identity, namespace) => expect(namespaceOfIdentity(identity)).toBe(namespace));
});
