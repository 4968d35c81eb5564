import { describe, expect, test } from '@jest/globals';
import { AuthenticationError } from '../errors.js';
import { createJoinToken, JoinTokenVerifier } from '../join-token.js';
import { loadOrCreateJoinTokenKey } from '../join-token-key.js';
import { Revocations } from '../revocations.js';
import { reviews, withFolder } from '../testing/material.js';
import { type Authenticator, authenticatePeer } from './authenticator.js';
import { JoinTokenAuthenticator } from './join-token.js';

const proves = (identity: typeof reviews | undefined): Authenticator => ({ authenticate: async () => identity });
const refuses: Authenticator = {
  authenticate: async () => {
    throw new AuthenticationError('bad credential');
  },
};
const peer = { headers: {} };

describe('CA-020 joining credentials', () => {
  test('no credential is anonymous', async () => {
    await expect(authenticatePeer(peer, [proves(undefined), proves(undefined)])).resolves.toBeUndefined();
  });

  test('a bad credential is a refusal, before and after a good one', async () => {
    await expect(authenticatePeer(peer, [refuses, proves(reviews)])).rejects.toThrow('bad credential');
    await expect(authenticatePeer(peer, [proves(reviews), refuses])).rejects.toThrow('bad credential');
    await expect(authenticatePeer(peer, [proves(undefined), refuses])).rejects.toThrow('bad credential');
  });

  test('two credentials must agree', async () => {
    await expect(authenticatePeer(peer, [proves(reviews), proves({ ...reviews })])).resolves.toEqual(reviews);
    await expect(authenticatePeer(peer, [proves(reviews), proves({ ...reviews, namespace: 'other' })])).rejects.toThrow('credentials disagree');
  });
});

describe('CA-020 join token in the authorization header', () => {
  const withAuthenticator = (use: (authenticator: JoinTokenAuthenticator, token: string) => Promise<void>) =>
    withFolder(async (data) => {
      const key = await loadOrCreateJoinTokenKey(data);
      const { token } = await createJoinToken(key, reviews);
      await use(new JoinTokenAuthenticator(new JoinTokenVerifier({ key, trustDomain: 'cluster.local', revocations: new Revocations(data) })), token);
    });

  test('a good token proves its identity, whatever the case of the scheme', () =>
    withAuthenticator(async (authenticator, token) => {
      await expect(authenticator.authenticate({ headers: { authorization: `Bearer ${token}` } })).resolves.toEqual(reviews);
      await expect(authenticator.authenticate({ headers: { authorization: [`bearer ${token}`] } })).resolves.toEqual(reviews);
    }));

  test('without the header there is no credential; any header that is not one good token is a refusal', () =>
    withAuthenticator(async (authenticator, token) => {
      await expect(authenticator.authenticate({ headers: {} })).resolves.toBeUndefined();
      const bad = ['', 'Bearer', 'Bearer ', `Basic ${token}`, `Bearer ${token} x`, 'Bearer abc', `Bearer ${token}x`, `Bearer ${'a'.repeat(20_000)}`];
      for (const authorization of bad) {
        await expect(authenticator.authenticate({ headers: { authorization } })).rejects.toMatchObject({ name: 'AuthenticationError' });
      }
      const twice = { authorization: [`Bearer ${token}`, `Bearer ${token}`] };
      await expect(authenticator.authenticate({ headers: twice })).rejects.toMatchObject({ name: 'AuthenticationError' });
      await expect(authenticator.authenticate({ headers: { authorization: [] } })).rejects.toMatchObject({ name: 'AuthenticationError' });
    }));
});
