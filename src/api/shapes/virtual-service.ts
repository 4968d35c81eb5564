/**
 * What a VirtualService may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { base64, durationOf1ms } from './checks.js';
import { destination } from './istio-shared.js';
import { bool, int, list, map, nullable, num, obj, oneOf, str, strWith, uint32 } from './shape.js';

const request = obj({ add: map(str), remove: list(str), set: map(str) });
const headers = obj({ request: request, response: request });
const stringMatch = obj({ exact: str, prefix: str, regex: str }, { atMostOne: [['exact', 'prefix', 'regex']] });
const stringMatches = map(stringMatch);
const route = list(obj({ destination: destination, weight: int }, { required: ['destination'] }));

/** Also MeshConfig's default policies. */
export const retries = obj({
  attempts: int,
  backoff: strWith({ checks: [durationOf1ms] }),
  perTryTimeout: strWith({ checks: [durationOf1ms] }),
  retryIgnorePreviousHosts: nullable(bool),
  retryOn: str,
  retryRemoteLocalities: nullable(bool),
});

/** `spec` of VirtualService. */
export const virtualServiceShape = obj({
  exportTo: list(str),
  gateways: list(str),
  hosts: list(str),
  http: list(
    obj({
      corsPolicy: obj({
        allowCredentials: nullable(bool),
        allowHeaders: list(str),
        allowMethods: list(str),
        allowOrigin: list(str),
        allowOrigins: list(stringMatch),
        exposeHeaders: list(str),
        maxAge: strWith({ checks: [durationOf1ms] }),
        unmatchedPreflights: oneOf(['UNSPECIFIED', 'FORWARD', 'IGNORE']),
      }),
      delegate: obj({ name: str, namespace: str }),
      directResponse: obj(
        { body: obj({ bytes: strWith({ checks: [base64] }), string: str }, { atMostOne: [['string', 'bytes']] }), status: uint32 },
        { required: ['status'] },
      ),
      fault: obj({
        abort: obj(
          { grpcStatus: str, http2Error: str, httpStatus: int, percentage: obj({ value: num }) },
          { atMostOne: [['httpStatus', 'grpcStatus', 'http2Error']] },
        ),
        delay: obj(
          {
            exponentialDelay: strWith({ checks: [durationOf1ms] }),
            fixedDelay: strWith({ checks: [durationOf1ms] }),
            percent: int,
            percentage: obj({ value: num }),
          },
          { atMostOne: [['fixedDelay', 'exponentialDelay']] },
        ),
      }),
      headers: headers,
      match: list(
        obj({
          authority: stringMatch,
          gateways: list(str),
          headers: stringMatches,
          ignoreUriCase: bool,
          method: stringMatch,
          name: str,
          port: uint32,
          queryParams: stringMatches,
          scheme: stringMatch,
          sourceLabels: map(str),
          sourceNamespace: str,
          statPrefix: str,
          uri: stringMatch,
          withoutHeaders: stringMatches,
        }),
      ),
      mirror: destination,
      mirror_percent: nullable(uint32),
      mirrorPercent: nullable(uint32),
      mirrorPercentage: obj({ value: num }),
      mirrors: list(obj({ destination: destination, percentage: obj({ value: num }) }, { required: ['destination'] })),
      name: str,
      redirect: obj(
        {
          authority: str,
          derivePort: oneOf(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT']),
          port: uint32,
          prefixRewrite: str,
          redirectCode: uint32,
          scheme: str,
          uri: str,
        },
        { atMostOne: [['port', 'derivePort']] },
      ),
      retries: retries,
      rewrite: obj({ authority: str, uri: str, uriRegexRewrite: obj({ match: str, rewrite: str }) }),
      route: list(obj({ destination: destination, headers: headers, weight: int }, { required: ['destination'] })),
      timeout: strWith({ checks: [durationOf1ms] }),
    }),
  ),
  tcp: list(
    obj({
      match: list(
        obj({ destinationSubnets: list(str), gateways: list(str), port: uint32, sourceLabels: map(str), sourceNamespace: str, sourceSubnet: str }),
      ),
      route: route,
    }),
  ),
  tls: list(
    obj(
      {
        match: list(
          obj(
            { destinationSubnets: list(str), gateways: list(str), port: uint32, sniHosts: list(str), sourceLabels: map(str), sourceNamespace: str },
            { required: ['sniHosts'] },
          ),
        ),
        route: route,
      },
      { required: ['match'] },
    ),
  ),
});
