import { expect, test } from '@jest/globals';
import { inTrustDomains } from './trust-domains.js';

test('MC-010: workloads are expected under every alias of the trust domain, other names as they are', () => {
  const identities = ['san.example.com', 'spiffe://td/ns/app/sa/x', 'spiffe://td/elsewhere'];
  expect(inTrustDomains(identities, ['old', 'td'])).toEqual([
    'san.example.com',
    'spiffe://old/ns/app/sa/x',
    'spiffe://td/elsewhere',
    'spiffe://td/ns/app/sa/x',
  ]);
  expect(inTrustDomains(identities, [])).toBe(identities);
});
