/** The Telemetry API, and the providers of a MeshConfig that it names. */
import { boolean, constant, labels, list, need, oneof, percent, pick, record, some, tuple } from './values.mjs';

const service = constant('a.app.svc.cluster.local');
const to = { service, port: pick(80, 9000) };
const headers = pick([{ name: 'x-token', value: 'abc' }]);
const format = oneof(
  record({ text: pick('%START_TIME% %REQ(:PATH)%', '%CEL(request.method)%', '%ROUTE_NAME%\n') }),
  record({ labels: constant({ at: '%START_TIME%', nested: { peer: '%DOWNSTREAM_REMOTE_ADDRESS%' } }) }),
);
const kinds = {
  prometheus: constant({}),
  envoyFileAccessLog: some({ path: pick('/dev/stdout'), logFormat: format, omitEmptyValues: boolean() }),
  envoyHttpAls: need(['service', 'port'], {
    ...to,
    logName: pick('log'),
    additionalRequestHeadersToLog: pick(['x-one']),
    filterStateObjectsToLog: pick(['wasm.upstream_peer']),
  }),
  envoyTcpAls: record({ ...to, logName: pick('log') }),
  envoyOtelAls: need(['service', 'port'], { ...to, logFormat: some({ text: pick('%ROUTE_NAME%'), labels: constant({ route: '%ROUTE_NAME%' }) }) }),
  zipkin: need(['service', 'port'], { ...to, maxTagLength: pick(60), enable64bitTraceId: boolean(), path: pick('/api/v2/custom') }),
  opentelemetry: need(['service', 'port'], {
    ...to,
    maxTagLength: pick(60),
    http: need(['path'], { path: pick('/v1/traces'), timeout: pick('3s'), headers }),
    resourceDetectors: some({ environment: constant({}), dynatrace: constant({}) }),
    grpc: some({ timeout: pick('3s'), initialMetadata: headers }),
  }),
  datadog: record({ ...to, maxTagLength: pick(60) }),
  skywalking: need(['service', 'port'], { ...to, accessToken: pick('s3cret') }),
  envoyExtAuthzHttp: need(['service', 'port'], {
    ...to,
    timeout: pick('1s'),
    failOpen: boolean(),
    statusOnError: pick('503'),
    pathPrefix: pick('/check'),
    includeRequestHeadersInCheck: pick(['x-one', 'x-*']),
    includeAdditionalHeadersInCheck: constant({ 'x-more': 'v' }),
    includeRequestBodyInCheck: record({ maxRequestBytes: constant(1024), allowPartialMessage: boolean(), packAsBytes: boolean() }),
    headersToUpstreamOnAllow: pick(['x-two', '*-id']),
    headersToDownstreamOnDeny: pick(['x-why']),
    headersToDownstreamOnAllow: pick(['x-ok']),
  }),
  envoyExtAuthzGrpc: need(['service', 'port'], {
    ...to,
    timeout: pick('1s'),
    failOpen: boolean(),
    clearRouteCache: boolean(),
    statusOnError: pick('401'),
    includeRequestBodyInCheck: record({ maxRequestBytes: constant(1024) }),
  }),
};
/** One provider of each kind, called like it. */
export const extensionProviders = tuple(...Object.entries(kinds).map(([kind, settings]) => settings.map((one) => ({ name: kind, [kind]: one }))));

const loggers = ['envoyFileAccessLog', 'envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls', 'envoy', 'missing'];
export const tracers = ['zipkin', 'opentelemetry', 'datadog', 'skywalking', 'missing'];
const named = (names, most) => list(record({ name: pick(...names) }), most, 1);
const match = record({ mode: pick('CLIENT', 'SERVER', 'CLIENT_AND_SERVER') });
const tag = oneof(
  record({ literal: record({ value: pick('v') }) }),
  record({ environment: need(['name'], { name: pick('POD'), defaultValue: pick('none') }) }),
  record({ header: need(['name'], { name: pick('x-one', ':path'), defaultValue: pick('none') }) }),
  record({ formatter: record({ value: pick('%REQ(x-one)%') }) }),
);
const metric = pick('ALL_METRICS', 'REQUEST_COUNT', 'REQUEST_DURATION', 'TCP_SENT_BYTES', 'GRPC_REQUEST_MESSAGES');
const override = some({
  match: oneof(some({ metric, mode: pick('CLIENT', 'SERVER') }), record({ customMetric: pick('own') })),
  disabled: boolean(),
  tagOverrides: oneof(
    record({ response_code: record({ operation: constant('REMOVE') }) }),
    record({ extra: record({ operation: constant('UPSERT'), value: pick("'x'", 'request.method', 'request.host') }) }),
  ),
});
const what = {
  accessLogging: list(
    some({
      match,
      providers: named(loggers, 2),
      disabled: boolean(),
      filter: record({ expression: pick('response.code >= 400', "request.url_path.startsWith('/a')", 'connection.mtls') }),
    }),
    2,
    1,
  ),
  tracing: list(
    some({
      match,
      providers: named(tracers, 1),
      randomSamplingPercentage: percent,
      disableSpanReporting: boolean(),
      disableContextPropagation: boolean(),
      enableIstioTags: boolean(),
      useRequestIdForTraceSampling: boolean(),
      customTags: record({ one: tag, two: tag }),
    }),
    1,
    1,
  ),
  metrics: list(some({ providers: named(['prometheus'], 1), overrides: list(override, 2), reportingInterval: pick('5s') }), 1, 1),
};
export const telemetry = {
  apiVersion: constant('telemetry.istio.io/v1'),
  kind: constant('Telemetry'),
  spec: tuple(
    some(what),
    oneof(
      record({}),
      record({ selector: record({ matchLabels: labels }) }),
      record({ targetRefs: constant([{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' }]) }),
    ),
  ).map(([one, who]) => ({ ...one, ...who })),
};
