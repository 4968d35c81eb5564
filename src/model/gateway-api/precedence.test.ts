import { describe, expect, test } from '@jest/globals';
import type { HTTPRoute } from '../../api/istio.js';
import { byPrecedence } from './precedence.js';

const rule = (name: string, match?: object): HTTPRoute => ({ name, ...(match === undefined ? {} : { match: [match] }) }) as HTTPRoute;
const order = (...rules: HTTPRoute[]) => byPrecedence(rules).map(({ name }) => name);
const path = (uri: object, more: object = {}) => ({ uri, ...more });

describe('precedence of rules (GA-011)', () => {
  test('exact before prefix before regex, whatever their length', () => {
    const regex = rule('regex', path({ regex: '/a/very/long/expression' }));
    const prefix = rule('prefix', path({ prefix: '/longer' }));
    expect(order(regex, prefix, rule('exact', path({ exact: '/a' })))).toEqual(['exact', 'prefix', 'regex']);
  });

  test('longer paths first; then a method, then more headers, then more query parameters', () => {
    const prefix = { prefix: '/a' };
    const query = rule('query', path(prefix, { queryParams: { q: { exact: '1' } } }));
    const headers = rule('headers', path(prefix, { headers: { h: { exact: '1' } } }));
    const method = rule('method', path(prefix, { method: { exact: 'GET' } }));
    expect(order(rule('plain', path(prefix)), query, headers, method, rule('long', path({ prefix: '/ab' })))).toEqual([
      'long',
      'method',
      'headers',
      'query',
      'plain',
    ]);
  });

  test('what has no match is last; equals keep their order', () => {
    expect(order(rule('none'), rule('a', path({ prefix: '/a' })), rule('b', path({ prefix: '/b' })), rule('none too'))).toEqual([
      'a',
      'b',
      'none',
      'none too',
    ]);
  });
});
