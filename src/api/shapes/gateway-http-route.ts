/**
 * What a HTTPRoute may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { headerText } from '../header-text.js';
import { starAlone, uniqueNames } from './gateway-checks.js';
import {
  authProtocol,
  filtersOnce,
  filterUnion,
  matchesTotal,
  pathModifier,
  pathValue,
  prefixRewriteNeedsPrefix,
  redirectOrRewrite,
  redirectWithoutBackends,
  timeouts,
} from './gateway-route-checks.js';
import {
  backendRef,
  caCertificateRef,
  headerValue,
  hostname,
  name,
  parentRefsShape,
  requestHeaderModifier,
  requestMirror,
  sectionName,
  sessionPersistenceShape,
  weightedBackendRef,
} from './gateway-shared.js';
import { bool, intWith, list, nullable, obj, oneOf, str, strWith } from './shape.js';

const path = obj(
  {
    replaceFullPath: strWith({ max: 1024, checks: [headerText] }),
    replacePrefixMatch: strWith({ max: 1024, checks: [headerText] }),
    type: oneOf(['ReplaceFullPath', 'ReplacePrefixMatch']),
  },
  { required: ['type'], checks: [pathModifier] },
);
const filters2 = list(
  obj(
    {
      cors: obj({
        allowCredentials: bool,
        allowHeaders: list(name, { max: 64, uniqueBy: [], checks: [starAlone] }),
        allowMethods: list(oneOf(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', '*']), {
          max: 9,
          uniqueBy: [],
          checks: [starAlone],
        }),
        allowOrigins: list(strWith({ min: 1, max: 253, pattern: '(^\\*$)|(^[a-zA-Z][a-zA-Z0-9+\\-.]+:\\/\\/[^:/?#]+(:[0-9]{1,5})?$)' }), {
          max: 64,
          uniqueBy: [],
          checks: [starAlone],
        }),
        exposeHeaders: list(name, { max: 64, uniqueBy: [] }),
        maxAge: nullable(intWith({ min: 1, max: 2147483647 })),
      }),
      extensionRef: caCertificateRef,
      externalAuth: obj(
        {
          backendRef: backendRef,
          forwardBody: obj({ maxSize: intWith({ min: 0 }) }),
          grpc: obj({ allowedHeaders: list(str, { max: 64, uniqueBy: [] }) }),
          http: obj({
            allowedHeaders: list(str, { max: 64, uniqueBy: [] }),
            allowedResponseHeaders: list(str, { max: 64, uniqueBy: [] }),
            path: strWith({ max: 1024, pattern: "^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$" }),
          }),
          protocol: oneOf(['HTTP', 'GRPC']),
        },
        { required: ['backendRef', 'protocol'], checks: [authProtocol] },
      ),
      requestHeaderModifier: requestHeaderModifier,
      requestMirror: requestMirror,
      requestRedirect: obj({
        hostname: sectionName,
        path: path,
        port: intWith({ min: 1, max: 65535 }),
        scheme: oneOf(['http', 'https']),
        statusCode: nullable(intWith({ enum: [301, 302, 303, 307, 308] })),
      }),
      responseHeaderModifier: requestHeaderModifier,
      type: oneOf([
        'RequestHeaderModifier',
        'ResponseHeaderModifier',
        'RequestMirror',
        'RequestRedirect',
        'URLRewrite',
        'ExtensionRef',
        'CORS',
        'ExternalAuth',
      ]),
      urlRewrite: obj({ hostname: sectionName, path: path }),
    },
    { required: ['type'], checks: [filterUnion] },
  ),
  { max: 16, checks: [redirectOrRewrite, filtersOnce] },
);

/** `spec` of HTTPRoute. */
export const httpRouteShape = obj({
  hostnames: list(hostname, { max: 16 }),
  parentRefs: parentRefsShape,
  rules: nullable(
    list(
      obj(
        {
          backendRefs: list(weightedBackendRef({ filters: filters2 }), { max: 16 }),
          filters: filters2,
          matches: nullable(
            list(
              obj({
                headers: list(
                  obj(
                    {
                      name: name,
                      type: nullable(oneOf(['Exact', 'RegularExpression'])),
                      value: headerValue,
                    },
                    { required: ['name', 'value'] },
                  ),
                  { max: 16, uniqueBy: ['name'] },
                ),
                method: oneOf(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']),
                path: nullable(
                  obj(
                    { type: nullable(oneOf(['Exact', 'PathPrefix', 'RegularExpression'])), value: nullable(strWith({ max: 1024 })) },
                    { checks: [pathValue] },
                  ),
                ),
                queryParams: list(
                  obj(
                    { name: name, type: nullable(oneOf(['Exact', 'RegularExpression'])), value: strWith({ min: 1, max: 1024 }) },
                    { required: ['name', 'value'] },
                  ),
                  { max: 16, uniqueBy: ['name'] },
                ),
              }),
              { max: 64 },
            ),
          ),
          name: sectionName,
          retry: obj({
            attempts: intWith({ min: 0 }),
            backoff: strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }),
            codes: list(intWith({ min: 400, max: 599 })),
          }),
          sessionPersistence: sessionPersistenceShape,
          timeouts: obj(
            { backendRequest: strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }), request: strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }) },
            { checks: [timeouts] },
          ),
        },
        { checks: [redirectWithoutBackends, prefixRewriteNeedsPrefix] },
      ),
      { max: 16, checks: [matchesTotal, uniqueNames] },
    ),
  ),
  useDefaultGateways: oneOf(['All', 'None']),
});
