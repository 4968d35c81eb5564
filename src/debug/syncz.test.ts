import { describe, expect, test } from '@jest/globals';
import { syncStatus } from './syncz.js';

describe('how a type stands at a proxy', () => {
  const error = { message: 'no', nonce: '1', version: '1' };
  test.each([
    ['NOT SENT', { nonceSent: '', nonceAcked: '', isStale: true }],
    ['STALE', { nonceSent: '1', nonceAcked: '', isStale: false }],
    ['STALE', { nonceSent: '1', nonceAcked: '1', isStale: true }],
    ['SYNCED', { nonceSent: '1', nonceAcked: '1', isStale: false }],
    ['ERROR', { nonceSent: '2', nonceAcked: '1', isStale: false, error }],
  ] as const)('%s: %j', (status, type) => expect(syncStatus(type)).toBe(status));
});
