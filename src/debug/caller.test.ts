import { describe, expect, test } from '@jest/globals';
import { AuthenticationError } from '../ca/errors.js';
import { callerOf, callerOfRequest, isLoopback } from './caller.js';

const who = (namespace: string) => ({ trustDomain: 'cluster.local', namespace, serviceAccount: 'a' });

describe('DB-005 who may look', () => {
  test.each([
    ['this machine', '127.0.0.1:5', undefined, {}],
    ['this machine, version 6', '[::1]:5', undefined, {}],
    ['another machine', '10.0.0.1:5', undefined, undefined],
    ['the root namespace', '10.0.0.1:5', who('istio-system'), {}],
    ['another namespace', '10.0.0.1:5', who('shop'), { namespace: 'shop' }],
    // Proof beats place: an identity is never widened by where it comes from.
    ['another namespace on this machine', '127.0.0.1:5', who('shop'), { namespace: 'shop' }],
  ])('%s', (_, address, identity, caller) => expect(callerOf(address, identity, 'istio-system')).toEqual(caller));

  test('over HTTP from another machine a good token is needed', async () => {
    const authenticators = [
      {
        authenticate: async ({ headers }: { headers: Readonly<Record<string, unknown>> }) => {
          if (headers['authorization'] !== 'Bearer good') throw new AuthenticationError('no');
          return who('istio-system');
        },
      },
    ];
    const ask = (address: string, token?: string) => callerOfRequest(address, token, { authenticators, rootNamespace: 'istio-system' });
    expect(await ask('127.0.0.1')).toEqual({});
    expect(await ask('10.0.0.1')).toBeUndefined();
    expect(await ask('10.0.0.1', 'Bearer bad')).toBeUndefined();
    expect(await ask('10.0.0.1', 'Bearer good')).toEqual({});
  });

  test.each(['127.0.0.1', '127.1.2.3:80', '::1', '[::1]:80', '::ffff:127.0.0.1', '[::ffff:127.0.0.1]:9'])('loopback: %s', (address) =>
    expect(isLoopback(address)).toBe(true),
  );
  test.each(['', 'undefined:undefined', '10.0.0.1:127', '127.0.0.1.example', '::11', '1::1', '128.0.0.1:5'])('not loopback: %j', (address) =>
    expect(isLoopback(address)).toBe(false),
  );
});
