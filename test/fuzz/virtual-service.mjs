/** VirtualServices. */
import {
  array,
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
  word,
} from './values.mjs';

const gateway = pick('mesh', 'shop', 'istio-system/shop', 'edge');
const destination = need(['host'], { host: plainHost, subset, port: record({ number: port }) });
const weighted = need(['destination'], { destination, weight: pick(0, 1, 10, 90, 100), headers: record({ request: headers, response: headers }) });

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

const retries = need(['attempts'], {
  attempts: pick(0, 1, 5),
  perTryTimeout: duration,
  retryOn: pick('5xx', 'gateway-error,connect-failure', '503,409', 'retriable-headers', 'unavailable'),
  retryRemoteLocalities: boolean(),
  retryIgnorePreviousHosts: boolean(),
  backoff: duration,
});
const fault = some({
  delay: record({ fixedDelay: duration, percentage: record({ value: percent }) }),
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
  maxAge: duration,
  allowCredentials: boolean(),
  unmatchedPreflights: pick('FORWARD', 'IGNORE'),
});
const rewrite = oneof(
  record({ uri: path }),
  record({ authority: pick('h.example.com') }),
  record({ uriRegexRewrite: record({ match: regex, rewrite: pick('/x', '\\0', '/\\0/y') }) }),
);
const redirect = some({
  uri: path,
  authority: pick('elsewhere.example.com'),
  scheme: pick('http', 'https'),
  redirectCode: pick(301, 302, 303, 307, 308),
  port: pick(80, 443, 8443),
});
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
const httpRoute = oneof(
  need(['route'], {
    ...common,
    route: list(weighted, 3, 1),
    timeout: duration,
    retries,
    fault,
    rewrite,
    mirror: destination,
    mirrorPercentage: record({ value: percent }),
  }),
  need(['route'], {
    ...common,
    route: list(weighted, 1, 1),
    mirrors: list(need(['destination'], { destination, percentage: record({ value: percent }) }), 2, 1),
  }),
  need(['redirect'], { ...common, redirect }),
  need(['directResponse'], { ...common, directResponse: direct }),
);
const l4Match = {
  destinationSubnets: list(pick('10.0.0.0/8', '10.1.0.7', '2001:db8::/32'), 2, 1),
  port,
  sourceLabels: labels,
  gateways: list(gateway, 2, 1),
};
const l4Routes = list(need(['destination'], { destination, weight: pick(1, 10, 90) }), 2, 1);
const tcpRoute = need(['route'], { match: list(some(l4Match), 2), route: l4Routes });

const spec = tuple(
  list(host, 2, 1),
  list(gateway, 2),
  list(httpRoute, 4),
  list(tcpRoute, 2),
  array(l4Routes, { maxLength: 2 }),
  option(exportTo),
).map(([hosts, gateways, http, tcp, tls, exported]) => ({
  hosts: [...new Set(hosts)],
  ...(gateways.length > 0 && { gateways: [...new Set(gateways)] }),
  ...(http.length > 0 && { http }),
  ...(tcp.length > 0 && { tcp }),
  ...(tls.length > 0 && { tls: tls.map((route, n) => ({ match: [{ port: 443 + n, sniHosts: [hosts[0]] }], route })) }),
  ...(exported && { exportTo: exported }),
}));

/** The kind and what its spec can be. */
export const virtualService = { kind: constant('VirtualService'), apiVersion: constant('networking.istio.io/v1'), spec };
