import { describe, expect, test } from '@jest/globals';
import { externalAuthorizer } from './ext-authz.js';

const find = (service: string, port: number) =>
  service === 'opa.policy' ? { hostname: service, cluster: `outbound|${port}||${service}` } : undefined;
const http = (settings: object, name = 'opa') =>
  externalAuthorizer({ name, envoyExtAuthzHttp: { service: 'opa.policy', port: 80, ...settings } }, find);
const grpc = (settings: object) => externalAuthorizer({ name: 'opa', envoyExtAuthzGrpc: { service: 'opa.policy', port: 90, ...settings } }, find);

describe('AZ-031: authorizers over HTTP', () => {
  test('judge HTTP only, within 600 s unless told otherwise, and fail closed', () => {
    const authorizer = http({});
    expect(authorizer?.tcp).toBeUndefined();
    expect(authorizer?.http).toMatchObject({
      failureModeAllow: false,
      services: {
        value: { serverUri: { uri: 'http://opa.policy', httpUpstreamType: { value: 'outbound|80||opa.policy' }, timeout: { seconds: 600n } } },
      },
    });
  });

  test('headers by exact name, prefix and suffix, whatever their case', () => {
    expect(http({ includeRequestHeadersInCheck: ['a', 'b*', '*c'] })?.http.allowedHeaders).toEqual({
      patterns: [
        { ignoreCase: true, matchPattern: { $case: 'exact', value: 'a' } },
        { ignoreCase: true, matchPattern: { $case: 'prefix', value: 'b' } },
        { ignoreCase: true, matchPattern: { $case: 'suffix', value: 'c' } },
      ],
    });
  });

  test('the old name of a field counts where the new one is not given', () => {
    const asked = (settings: object): string => JSON.stringify(http(settings)?.http.allowedHeaders);
    expect(asked({ includeHeadersInCheck: ['old'] })).toContain('"old"');
    expect(asked({ includeHeadersInCheck: ['old'], includeRequestHeadersInCheck: ['new'] })).not.toContain('"old"');
  });

  test.each<[string, object]>([
    ['a service that is not there', { service: 'nobody' }],
    ['no service', { service: '' }],
    ['no port', { port: 0 }],
    ['a port beyond the last', { port: 65536 }],
    ['a status that is none', { statusOnError: '999' }],
    ['the status 0', { statusOnError: '0' }],
    ['a status that is no number', { statusOnError: 'teapot' }],
    ['a path that is none', { pathPrefix: 'check' }],
    ['a bare wildcard', { headersToUpstreamOnAllow: ['*'] }],
    ['a timeout that is none', { timeout: 'soon' }],
  ])('AZ-006: cannot be used with %s', (_, settings) => expect(http(settings)).toBeUndefined());

  test('AZ-006: an empty path is none', () => expect(http({ pathPrefix: '' })).toEqual(http({})));

  test.each(['', 'Opa', 'a_b', '-a', 'a-', 'a/b', 'x'.repeat(64)])('AZ-006: cannot be named %j', (name) => expect(http({}, name)).toBeUndefined());
});

describe('AZ-032: authorizers over gRPC', () => {
  test('judge HTTP and byte streams', () => {
    const authorizer = grpc({ timeout: '2s', failOpen: true, statusOnError: '429', includeRequestBodyInCheck: { maxRequestBytes: 5 } });
    const service = { targetSpecifier: { value: { clusterName: 'outbound|90||opa.policy', authority: 'opa.policy' } }, timeout: { seconds: 2n } };
    expect(authorizer?.http).toMatchObject({ failureModeAllow: true, statusOnError: { code: 429 }, withRequestBody: { maxRequestBytes: 5 } });
    expect(authorizer?.http.services).toMatchObject({ value: service });
    expect(authorizer?.tcp).toMatchObject({ statPrefix: 'tcp.', failureModeAllow: true, grpcService: service });
  });
});

test('a provider of another kind authorizes nothing', () => {
  expect(externalAuthorizer({ name: 'logs', envoyFileAccessLog: {} }, find)).toBeUndefined();
});
