/**
 * What the ProxyConfig of a MeshConfig, of a node or of the annotation `proxy.istio.io/config` may hold; the resource ProxyConfig has less.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
 */
import { headerText } from '../header-text.js';
import { clientTls } from './destination-rule.js';
import { choice, duration, flag, known, port, positive, text, texts, uint32, whole } from './settings.js';
import { any, intWith, map, nullable, num, obj, open, str, strWith } from './shape.js';

const remoteService = nullable(open({ address: text, tlsSettings: nullable(open({ mode: choice('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL') })) }));

/** Bytes; HTTP/2 begins with so many, and Envoy takes no fewer. */
const window = nullable(intWith({ min: 65535, max: 2147483647 }));

const connectionSettings = nullable(
  obj({
    profile: choice('SIDECAR', 'EDGE'),
    listenerPerConnectionBufferLimitBytes: whole,
    globalDownstreamConnectionLimit: nullable(intWith({ min: 1, max: 2147483647 })),
    httpIdleTimeout: duration,
    httpMaxConnectionDuration: duration,
    httpMaxStreamDuration: duration,
    httpStreamIdleTimeout: duration,
    httpRequestTimeout: duration,
    httpRequestHeadersTimeout: duration,
    httpDrainTimeout: duration,
    httpMaxConcurrentStreams: nullable(intWith({ min: 1, max: 2147483647 })),
    http2InitialStreamWindowSize: window,
    http2InitialConnectionWindowSize: window,
    httpHeadersWithUnderscoresAction: choice(
      'HEADERS_WITH_UNDERSCORES_UNSPECIFIED',
      'HEADERS_WITH_UNDERSCORES_ALLOW',
      'HEADERS_WITH_UNDERSCORES_REJECT_REQUEST',
      'HEADERS_WITH_UNDERSCORES_DROP_HEADER',
    ),
    httpMergeSlashes: flag,
    httpPathWithEscapedSlashesAction: choice(
      'PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED',
      'KEEP_UNCHANGED',
      'REJECT_REQUEST',
      'UNESCAPE_AND_REDIRECT',
      'UNESCAPE_AND_FORWARD',
    ),
  }),
);

const keyProvider = obj({ pollDelay: positive, fallback: flag });

const forwardedCert = choice('UNDEFINED', 'SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY');
const disabled = nullable(obj({ disabled: flag }));
const enabled = nullable(obj({ enabled: flag }));

const proxyHeaders = nullable(
  obj({
    forwardedClientCert: forwardedCert,
    setCurrentClientCertDetails: nullable(obj({ subject: flag, cert: flag, chain: flag, dns: flag, uri: flag })),
    requestId: disabled,
    server: nullable(obj({ disabled: flag, value: nullable(strWith({ checks: [headerText] })) })),
    attemptCount: disabled,
    envoyDebugHeaders: disabled,
    metadataExchangeHeaders: nullable(obj({ mode: choice('UNDEFINED', 'IN_MESH') })),
    preserveHttp1HeaderCase: flag,
    xForwardedHost: enabled,
    xForwardedPort: enabled,
  }),
);

const collector = nullable(open({ address: text }));
const named = nullable(obj({ name: text, defaultValue: text }));

const tracing = nullable(
  open({
    sampling: nullable(num),
    customTags: nullable(map(nullable(open({ literal: nullable(obj({ value: text })), environment: named, header: named })))),
    maxPathTagLength: uint32,
    zipkin: collector,
    datadog: collector,
    tlsSettings: nullable(clientTls),
    enableIstioTags: flag,
  }),
);

export const proxySettings = nullable(
  obj({
    ...known(
      'configPath binaryPath discoveryRefreshDelay zipkinAddress envoyMetricsServiceAddress availabilityZone controlPlaneAuthPolicy sds readinessProbe holdApplicationUntilProxyStarts image statsCompression',
    ),
    concurrency: whole,
    privateKeyProvider: nullable(obj({ cryptomb: nullable(keyProvider), qat: nullable(keyProvider) })),
    discoveryAddress: text,
    drainDuration: positive,
    terminationDrainDuration: duration,
    interceptionMode: choice('REDIRECT', 'TPROXY', 'NONE'),
    tracing,
    proxyHeaders,
    gatewayTopology: nullable(
      obj({
        numTrustedProxies: uint32,
        forwardClientCertDetails: forwardedCert,
        proxyProtocol: nullable(any),
      }),
    ),
    proxyMetadata: nullable(map(str)),
    statNameLength: nullable(num),
    proxyAdminPort: port,
    statusPort: port,
    serviceCluster: text,
    tracingServiceName: choice('APP_LABEL_AND_NAMESPACE', 'CANONICAL_NAME_ONLY', 'CANONICAL_NAME_AND_NAMESPACE'),
    proxyStatsMatcher: nullable(obj({ inclusionPrefixes: texts, inclusionSuffixes: texts, inclusionRegexps: texts })),
    extraStatTags: texts,
    runtimeValues: nullable(map(str)),
    envoyAccessLogService: remoteService,
    envoyMetricsService: remoteService,
    statsdUdpAddress: text,
    fileFlushInterval: duration,
    fileFlushMinSizeKb: whole,
    meshId: text,
    customConfigFile: text,
    proxyBootstrapTemplatePath: text,
    caCertificatesPem: texts,
    connectionSettings,
  }),
);
