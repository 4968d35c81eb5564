/** VirtualServices. */
import {
  boolean,
  constant,
  duration,
  exportTo,
  headerName,
  headers,
  host,
  labels,
  list,
  match,
  namespace,
  need,
  oneof,
  option,
  path,
  pathMatch,
  percent,
  pick,
  plainHost,
  port,
  record,
  regex,
  some,
  subset,
  tuple,
  wholeSeconds,
  word,
} from './values.mjs';

const gateway = pick('mesh', 'shop', 'istio-system/shop', 'edge', 'app/public');
const claim = pick('@request.auth.claims.groups', '@request.auth.claims[role]', '@request.auth.claims.a.b');
const destination = need(['host'], { host: plainHost, subset, port: record({ number: port }) });
const weighted = need(['destination', 'weight'], {
  destination,
  weight: pick(0, 1, 10, 90, 100),
  headers: record({ request: headers, response: headers }),
});
/** Not all of them zero. */
const weightedRoutes = oneof(
  list(need(['destination'], { destination, headers: record({ request: headers }) }), 1, 1),
  list(weighted, 3, 1).map(([first, ...rest]) => [{ ...first, weight: first.weight || 1 }, ...rest]),
);

const httpMatch = some({
  uri: pathMatch,
  ignoreUriCase: boolean(),
  scheme: match,
  method: match,
  authority: match,
  headers: tuple(headerName, option(match, { nil: {} })).map(([name, value]) => ({ [name]: value })),
  withoutHeaders: tuple(headerName, option(match, { nil: {} })).map(([name, value]) => ({ [name]: value })),
  queryParams: tuple(word, match).map(([name, value]) => ({ [name]: value })),
  port,
  gateways: list(gateway, 2, 1),
  sourceLabels: labels,
  sourceNamespace: pick('app', 'other'),
  statPrefix: pick('prefix'),
  name: pick('named'),
});

const retrying = {
  attempts: pick(1, 5),
  perTryTimeout: duration,
  retryOn: pick('5xx', 'gateway-error,connect-failure', '503,409', 'retriable-headers', 'unavailable'),
  retryRemoteLocalities: boolean(),
  retryIgnorePreviousHosts: boolean(),
  backoff: duration,
};
const retries = oneof(need(['attempts'], retrying), need(['attempts'], retrying), constant({ attempts: 0 }));
const fault = some({
  delay: oneof(record({ fixedDelay: duration, percentage: record({ value: percent }) }), record({ fixedDelay: duration, percent: pick(0, 7, 100) })),
  abort: oneof(
    record({ httpStatus: pick(200, 418, 503), percentage: record({ value: percent }) }),
    record({ grpcStatus: pick('UNAVAILABLE', 'NOT_FOUND'), percentage: record({ value: percent }) }),
  ),
});
const cors = some({
  allowOrigins: list(match, 2, 1),
  allowMethods: list(pick('GET', 'PUT', '*'), 2),
  allowHeaders: list(pick('x-one', '*'), 2),
  exposeHeaders: list(pick('x-two'), 1),
  maxAge: wholeSeconds,
  allowCredentials: boolean(),
  unmatchedPreflights: pick('UNSPECIFIED', 'FORWARD', 'IGNORE'),
  allowOrigin: list(pick('*', 'https://one.example.com'), 2),
});
const rewrite = oneof(
  record({ uri: path }),
  record({ authority: pick('h.example.com') }),
  record({ uriRegexRewrite: record({ match: regex, rewrite: pick('/x', '\\0', '/\\0/y') }) }),
);
const redirect = tuple(
  some({
    uri: oneof(path, pick('%PREFIX()%/x')),
    authority: pick('elsewhere.example.com', 'elsewhere.example.com:8443', '[2001:db8::1]'),
    scheme: pick('http', 'https'),
    redirectCode: pick(301, 302, 303, 307, 308),
  }),
  oneof(some({ port: pick(80, 443, 8443) }), some({ derivePort: pick('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT') })),
).map(([one, two]) => ({ ...one, ...two }));
const direct = need(['status'], {
  status: pick(200, 404, 503),
  body: oneof(record({ string: word }), record({ bytes: pick('aGVsbG8=') })),
});

const common = {
  name: pick('route-a', 'route b'),
  match: list(httpMatch, 2),
  headers: record({ request: headers, response: headers }),
  corsPolicy: cors,
};
const plainRoute = oneof(
  need(['route'], {
    ...common,
    route: weightedRoutes,
    timeout: duration,
    retries,
    fault,
    rewrite,
    mirror: destination,
    mirrorPercentage: record({ value: percent }),
    mirrorPercent: pick(0, 50, 100),
  }),
  need(['route'], {
    ...common,
    route: weightedRoutes,
    mirrors: list(need(['destination'], { destination, percentage: record({ value: percent }) }), 2, 1),
  }),
  need(['redirect'], { ...common, redirect }),
  need(['directResponse'], { ...common, directResponse: direct }),
);
const httpRoute = oneof(
  plainRoute,
  plainRoute,
  plainRoute,
  need(['delegate'], {
    match: common.match,
    delegate: need(['name'], { name: pick('part-1', 'part-2'), namespace }),
    headers: common.headers,
    timeout: duration,
  }),
);
const l4Match = {
  destinationSubnets: list(pick('10.0.0.0/8', '10.1.0.7', '2001:db8::/32'), 2, 1),
  port,
  sourceLabels: labels,
  sourceNamespace: pick('app', 'other'),
  gateways: list(gateway, 2, 1),
};
const l4Routes = list(need(['destination'], { destination, weight: pick(1, 10, 90) }), 2, 1);
const tcpRoute = need(['route'], { match: list(some({ ...l4Match, sourceSubnet: pick('10.0.0.0/8') }), 2), route: l4Routes });
const tlsRoute = (hosts) =>
  need(['match', 'route'], {
    match: list(need(['sniHosts'], { ...l4Match, sniHosts: oneof(constant([hosts[0]]), constant(hosts)) }), 2, 1),
    route: l4Routes,
  });

/** Claims of tokens are known at gateways only. */
const claimRoute = need(['match', 'route'], {
  match: tuple(claim, match).map(([name, value]) => [{ headers: { [name]: value } }]),
  route: weightedRoutes,
});
const spec = list(host, 2, 1)
  .chain((hosts) =>
    tuple(
      constant(hosts),
      list(gateway, 2),
      list(httpRoute, 4, 1),
      list(tcpRoute, 2),
      list(tlsRoute(hosts), 2),
      option(exportTo),
      option(claimRoute),
    ),
  )
  .map(([hosts, gateways, http, tcp, tls, exported, claims]) => ({
    hosts: [...new Set(hosts)],
    ...(gateways.length > 0 && { gateways: [...new Set(gateways)] }),
    http: [...(claims && gateways.some((one) => one !== 'mesh') && !gateways.includes('mesh') ? [claims] : []), ...http],
    ...(tcp.length > 0 && { tcp }),
    ...(tls.length > 0 && { tls }),
    ...(exported && { exportTo: exported }),
  }));

/** The kinds and what their specs can be. */
export const virtualService = { kind: constant('VirtualService'), apiVersion: constant('networking.istio.io/v1'), spec };
/** What `delegate` names: no hosts, no gateways. */
export const delegate = { ...virtualService, spec: need(['http'], { http: list(plainRoute, 3, 1), exportTo }) };
