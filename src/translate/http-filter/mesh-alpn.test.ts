import { describe, expect, test } from '@jest/globals';
import { httpFilters } from './index.js';

const names = (side: 'inbound' | 'outbound' | 'gateway', marksHttp: boolean): (string | undefined)[] =>
  httpFilters({ side, protocol: 'HTTP', suppressDebugHeaders: false, marksHttp }).map(({ name }) => name);
const FILTER = 'envoy.filters.http.set_filter_state';

describe('ALPN of requests from a stock Envoy', () => {
  test('SD-014: set last before the router, by sidecars and gateways', () => {
    expect(names('outbound', true).slice(-2)).toEqual([FILTER, 'envoy.filters.http.router']);
    expect(names('gateway', true)).toContain(FILTER);
  });
  test('SD-014: not inbound, and not under an agent', () => {
    expect([...names('inbound', true), ...names('outbound', false)]).not.toContain(FILTER);
  });
});
