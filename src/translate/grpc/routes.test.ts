/** What remains of Envoy's routes for gRPC. XD-025. */
import { describe, expect, test } from '@jest/globals';
import type { RouteDraft } from '../route/route-block.js';
import { grpcRoutes } from './routes.js';

const toCart: RouteDraft['action'] = { $case: 'route', value: { clusterSpecifier: { $case: 'cluster', value: 'cart' } } };
const blackHole = { $case: 'route', value: { clusterSpecifier: { $case: 'cluster', value: 'BlackHoleCluster' } } };
const method = (value: string, invertMatch = false) => ({
  name: ':method',
  invertMatch,
  headerMatchSpecifier: { $case: 'stringMatch' as const, value: { matchPattern: { $case: 'exact' as const, value } } },
});
const matched = (match: RouteDraft['match']): RouteDraft => ({ name: 'r', match, action: toCart });
const rest = matched({ pathSpecifier: { $case: 'prefix', value: '/' } });
const matchOf = (match: RouteDraft['match']) => grpcRoutes([matched(match), { ...rest, name: 'rest' }]).find(({ name }) => name === 'r')?.match;

describe('gRPC routes', () => {
  test('XD-025: a match that no call meets goes, and with it its route', () => {
    const query = { name: 'debug', queryParameterMatchSpecifier: { $case: 'presentMatch' as const, value: true } };
    expect(matchOf({ queryParameters: [query] })).toBeUndefined();
    expect(matchOf({ headers: [method('GET')] })).toBeUndefined();
    expect(matchOf({ headers: [method('POST', true)] })).toBeUndefined();
  });

  test('XD-025: a match of the method that every call meets is no condition', () => {
    expect(matchOf({ headers: [method('POST'), { name: 'user' }] })?.headers).toEqual([{ name: 'user' }]);
    expect(matchOf({ headers: [method('GET', true)] })?.headers).toEqual([]);
  });

  test('XD-025: a VirtualService of which nothing remains refuses calls and does not let them through', () => {
    expect(grpcRoutes([matched({ headers: [method('GET')] })])).toEqual([
      { match: { pathSpecifier: { $case: 'prefix', value: '/' } }, action: blackHole },
    ]);
    expect(grpcRoutes([])).toEqual([]);
  });

  test('XD-025: a prefix of whole segments becomes a pattern in which nothing of it is special', () => {
    expect(matchOf({ pathSpecifier: { $case: 'pathSeparatedPrefix', value: '/shop.Cart' } })?.pathSpecifier).toEqual({
      $case: 'safeRegex',
      value: { regex: String.raw`/shop\.Cart(/.*)?` },
    });
  });

  test('XD-025: actions that forward nothing end in the black hole', () => {
    const [route] = grpcRoutes([{ ...rest, action: { $case: 'directResponse', value: { status: 503 } } }]);
    expect(route?.action).toEqual(blackHole);
  });

  test('XD-025: retries keep the conditions that gRPC has, and no backoff that counts as none', () => {
    const retries = (retryPolicy: object) => {
      const [route] = grpcRoutes([{ ...rest, action: { $case: 'route', value: { ...toCart.value, retryPolicy } } }]);
      return route?.action?.$case === 'route' ? route.action.value?.retryPolicy : undefined;
    };
    expect(retries({ retryOn: '5xx,gateway-error', numRetries: 2 })).toBeUndefined();
    expect(retries({ retryOn: 'unavailable', numRetries: 0 })).toBeUndefined();
    expect(retries({ retryOn: '5xx,unavailable,cancelled', numRetries: 2, perTryTimeout: { seconds: 1n } })).toEqual({
      retryOn: 'unavailable,cancelled',
      numRetries: 2,
    });
    expect(retries({ retryOn: 'unavailable', numRetries: 1, retryBackOff: { baseInterval: { nanos: 999_999 } } })).toEqual({
      retryOn: 'unavailable',
      numRetries: 1,
    });
    const baseInterval = { nanos: 25_000_000 };
    expect(retries({ retryOn: 'unavailable', numRetries: 1, retryBackOff: { baseInterval } })).toMatchObject({ retryBackOff: { baseInterval } });
  });
});
