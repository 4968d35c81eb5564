import { expect, test } from '@jest/globals';
import type { ApiClient } from '../kubernetes/api-client.js';
import { Clusters } from './clusters.js';
import { TokenReviews } from './token-reviews.js';

const GOOD = { authenticated: true, audiences: ['istio-ca'], user: { username: 'system:serviceaccount:shop:web' } };

function reviews() {
  const waiting: (() => void)[] = [];
  const write = () => new Promise((resolve) => waiting.push(() => resolve({ status: GOOD })));
  const clusters = new Clusters({ write } as unknown as ApiClient, 'own');
  return { waiting, verifier: new TokenReviews({ clusters, audience: 'istio-ca', trustDomain: 'td' }) };
}
const from = (address: string) => ({ headers: {}, address });
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('CA-002: strangers who make us ask the cluster again and again neither flood it nor stop others', async () => {
  const { waiting, verifier } = reviews();
  const refusals: string[] = [];
  for (let n = 0; n < 2_000; n++) void verifier.verify(`x${n}`, from(`10.0.0.1:${n}`)).catch(({ message }: Error) => refusals.push(message));
  await settle();
  expect(waiting).toHaveLength(8);
  expect(refusals).toHaveLength(2_000 - 8 - 1_000);
  expect(refusals[0]).toContain('too many tokens of this address');
  const other = verifier.verify('good', from('[::ffff:10.0.0.2]:1'));
  await settle();
  expect(waiting).toHaveLength(9);
  waiting[8]?.();
  await expect(other).resolves.toEqual({ trustDomain: 'td', namespace: 'shop', serviceAccount: 'web' });
});
