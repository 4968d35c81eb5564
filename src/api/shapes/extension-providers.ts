/**
 * What an extension provider of MeshConfig may hold: a name, and one of the kinds.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
 */
import { choice, duration, flag, int32, text, texts, uint32 } from './settings.js';
import { any, intWith, list, map, nullable, obj, open, type Shape, str } from './shape.js';

const backend = { service: text, port: uint32 };
const headers = nullable(list(obj({ name: text, value: text, envName: text })));
const http = nullable(obj({ path: text, timeout: duration, headers }));
const tracer = { ...backend, maxTagLength: uint32 };
/** `labels` is free: the fields of a JSON line. */
const logFormat = nullable(obj({ text, labels: nullable(any) }));

const check = {
  ...backend,
  timeout: duration,
  failOpen: flag,
  clearRouteCache: flag,
  statusOnError: text,
  includeRequestBodyInCheck: nullable(
    obj({ maxRequestBytes: intWith({ min: 1, max: 4294967295 }), allowPartialMessage: flag, packAsBytes: flag }, { required: ['maxRequestBytes'] }),
  ),
};

const kinds: Readonly<Record<string, Shape>> = {
  envoyExtAuthzHttp: obj({
    ...check,
    pathPrefix: text,
    includeHeadersInCheck: texts,
    includeRequestHeadersInCheck: texts,
    includeAdditionalHeadersInCheck: nullable(map(str)),
    headersToUpstreamOnAllow: texts,
    headersToDownstreamOnAllow: texts,
    headersToDownstreamOnDeny: texts,
  }),
  envoyExtAuthzGrpc: obj(check),
  zipkin: obj({
    ...tracer,
    enable64bitTraceId: flag,
    path: text,
    traceContextOption: choice('USE_B3', 'USE_B3_WITH_W3C_PROPAGATION'),
    timeout: duration,
    headers,
  }),
  lightstep: open(tracer),
  datadog: obj(tracer),
  stackdriver: open({ maxTagLength: uint32 }),
  opencensus: open(tracer),
  skywalking: obj({ ...tracer, accessToken: text }),
  opentelemetry: obj({
    ...tracer,
    http,
    grpc: nullable(obj({ timeout: duration, initialMetadata: headers })),
    resourceDetectors: nullable(obj({ environment: nullable(obj({})), dynatrace: nullable(obj({})) })),
    serviceAttributeEnrichment: choice('ISTIO_CANONICAL', 'OTEL_SEMANTIC_CONVENTIONS'),
    dynatraceSampler: nullable(obj({ tenant: text, clusterId: int32, rootSpansPerMinute: uint32, httpService: nullable(obj({ ...backend, http })) })),
  }),
  prometheus: open({}),
  envoyFileAccessLog: obj({ path: text, logFormat, omitEmptyValues: flag }),
  envoyHttpAls: obj({
    ...backend,
    logName: text,
    filterStateObjectsToLog: texts,
    additionalRequestHeadersToLog: texts,
    additionalResponseHeadersToLog: texts,
    additionalResponseTrailersToLog: texts,
  }),
  envoyTcpAls: obj({ ...backend, logName: text, filterStateObjectsToLog: texts }),
  envoyOtelAls: obj({ ...backend, logName: text, logFormat }),
  sds: obj({ ...backend, name: text }),
};

export const extensionProvider: Shape = {
  ...open({ name: str, ...Object.fromEntries(Object.entries(kinds).map(([kind, shape]) => [kind, nullable(shape)])) }),
  required: ['name'],
};
