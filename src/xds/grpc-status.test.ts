import { expect, test } from '@jest/globals';
import { GrpcStatus, Refusal } from './grpc-status.js';

test('a refusal quotes no more than 1000 characters of what a peer said', () => {
  const { message } = new Refusal(GrpcStatus.PERMISSION_DENIED, `node claims namespace ${'n'.repeat(100_000)}`);
  expect(message).toHaveLength(1000);
  expect(message).toMatch(/^node claims namespace n+…$/);
  expect(new Refusal(GrpcStatus.NOT_FOUND, 'short').message).toBe('short');
});
