import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keysSource } from '../../api/jwks.js';
import { addressGuard } from './address-guard.js';
import { type FetchTimes, KeysFetcher, type WantedKeys } from './keys-fetcher.js';

const setOf = (kid: string): string =>
  JSON.stringify({ keys: [{ kty: 'OKP', kid, crv: 'Ed25519', x: 'tellx-dtwMnnKBvIzkv6QZTHmuT6vMuI40sePPN4WrE' }] });
const wanted = (rule: { issuer?: string; jwksUri?: string }): WantedKeys => ({ ...keysSource(rule)!, timeoutMs: 1_000 });

describe('key sets by URL', () => {
  let server: Server;
  let origin: string;
  let answer: string | undefined;
  const rows = new Map<string, string>();
  const errors: string[] = [];
  let fetcher: KeysFetcher;

  const start = (times: Partial<FetchTimes>, allowed = ['127.0.0.1']): void => {
    fetcher = new KeysFetcher({
      permits: addressGuard(allowed),
      onKeys: ({ source, jwks }) => rows.set(source, jwks),
      onGone: (source) => rows.delete(source),
      onError: (_, error) => errors.push((error as Error).message),
      times,
    });
  };

  const eventually = async (holds: () => boolean): Promise<void> => {
    const deadline = Date.now() + 3_000;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error('did not happen');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  beforeEach(async () => {
    rows.clear();
    errors.length = 0;
    answer = setOf('one');
    server = createServer((request, response) => {
      if (request.url === '/.well-known/openid-configuration') response.end(JSON.stringify({ jwks_uri: `${origin}/keys` }));
      else if (answer === undefined) response.writeHead(503).end();
      else response.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    fetcher.close();
    server.closeAllConnections();
    server.close();
  });

  test('RA-004: are there when the first attempt is over, and follow rotation', async () => {
    start({ refresh: 10 });
    const source = wanted({ jwksUri: `${origin}/keys` });
    await fetcher.want([source]);
    expect(rows.get(source.key)).toBe(setOf('one'));
    answer = setOf('two');
    await eventually(() => rows.get(source.key) === setOf('two'));
  });

  test('RA-005: are found from the issuer', async () => {
    start({});
    const source = wanted({ issuer: `${origin}/` });
    await fetcher.want([source]);
    expect(rows.get(source.key)).toBe(setOf('one'));
  });

  test('RA-004: a failure writes nothing and is tried again', async () => {
    answer = undefined;
    start({ firstRetry: 5 });
    const source = wanted({ jwksUri: `${origin}/keys` });
    await fetcher.want([source]);
    expect([...rows]).toEqual([]);
    expect(errors).toEqual(['status 503']);
    answer = setOf('late');
    await eventually(() => rows.get(source.key) === setOf('late'));
  });

  test('RA-004: later failures keep the last set until it is too old', async () => {
    start({ refresh: 1, firstRetry: 1, longestRetry: 5, expiry: 150 });
    const source = wanted({ jwksUri: `${origin}/keys` });
    await fetcher.want([source]);
    answer = undefined;
    await eventually(() => errors.length > 1);
    expect(rows.get(source.key)).toBe(setOf('one'));
    await eventually(() => !rows.has(source.key));
  });

  test('RA-015: a discovery document cannot lead to a local address', async () => {
    start({}, []);
    await fetcher.want([wanted({ jwksUri: `${origin}/keys` }), wanted({ issuer: origin })]);
    expect([...rows]).toEqual([]);
    expect(errors).toEqual(['address 127.0.0.1 is not allowed', 'address 127.0.0.1 is not allowed']);
  });

  test('go when nobody wants them', async () => {
    start({});
    await fetcher.want([wanted({ jwksUri: `${origin}/keys` })]);
    await fetcher.want([]);
    expect([...rows]).toEqual([]);
  });
});
