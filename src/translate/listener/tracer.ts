/**
 * Tracers as Envoy's configuration of them. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/trace.proto
 */
import { HeaderValueOption_HeaderAppendAction as Append } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import type { GrpcService } from '@envoyproxy/xds-protos/envoy/config/core/v3/grpc_service.js';
import type { HttpService } from '@envoyproxy/xds-protos/envoy/config/core/v3/http_service.js';
import { DatadogConfig } from '@envoyproxy/xds-protos/envoy/config/trace/v3/datadog.js';
import type { Tracing_Http } from '@envoyproxy/xds-protos/envoy/config/trace/v3/http_tracer.js';
import { OpenTelemetryConfig } from '@envoyproxy/xds-protos/envoy/config/trace/v3/opentelemetry.js';
import { SkyWalkingConfig } from '@envoyproxy/xds-protos/envoy/config/trace/v3/skywalking.js';
import {
  ZipkinConfig,
  ZipkinConfig_CollectorEndpointVersion,
  ZipkinConfig_TraceContextOption,
} from '@envoyproxy/xds-protos/envoy/config/trace/v3/zipkin.js';
import { DynatraceResourceDetectorConfig } from '@envoyproxy/xds-protos/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/dynatrace_resource_detector.js';
import { EnvironmentResourceDetectorConfig } from '@envoyproxy/xds-protos/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector.js';
import { DynatraceSamplerConfig } from '@envoyproxy/xds-protos/envoy/extensions/tracers/opentelemetry/samplers/v3/dynatrace_sampler.js';
import type { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import type { Backend } from '../../model/extension-providers.js';
import { duration, type Partial, toAny } from '../proto.js';
import type { HttpCollector, Tracer } from './tracing-providers.js';

type TracerOf<K extends Tracer['kind']> = Extract<Tracer, { readonly kind: K }>;

/** The `provider` of a connection manager's `tracing`. */
export const translateTracer = (tracer: Tracer): Partial<Tracing_Http> => ({
  name: `envoy.tracers.${tracer.kind}`,
  configType: { $case: 'typedConfig', value: configOf(tracer) },
});

function configOf(tracer: Tracer): Any {
  switch (tracer.kind) {
    case 'zipkin':
      return zipkin(tracer);
    case 'datadog': {
      const { backend, serviceName } = tracer;
      return toAny(DatadogConfig, { collectorCluster: backend.cluster, collectorHostname: backend.hostname, serviceName });
    }
    case 'skywalking':
      return toAny(SkyWalkingConfig, { grpcService: grpcService(tracer.backend) });
    case 'opentelemetry':
      return openTelemetry(tracer);
  }
}

const zipkin = ({ shortIds, withW3c, collector }: TracerOf<'zipkin'>): Any =>
  toAny(ZipkinConfig, {
    collectorEndpointVersion: ZipkinConfig_CollectorEndpointVersion.HTTP_JSON,
    traceId128bit: !shortIds,
    // Client and server each have a span of their own.
    sharedSpanContext: false,
    ...(withW3c ? { traceContextOption: ZipkinConfig_TraceContextOption.USE_B3_WITH_W3C_PROPAGATION } : {}),
    ...('uri' in collector
      ? { collectorService: httpService(collector) }
      : { collectorCluster: collector.cluster, collectorEndpoint: collector.path, collectorHostname: collector.hostname }),
  });

function openTelemetry({ serviceName, exporter, detectors, sampler }: TracerOf<'opentelemetry'>): Any {
  return toAny(OpenTelemetryConfig, {
    serviceName,
    ...('uri' in exporter ? { httpService: httpService(exporter) } : { grpcService: grpcService(exporter.backend, exporter) }),
    resourceDetectors: detectors.map((kind) => ({ ...DETECTORS[kind] })),
    ...(sampler === undefined
      ? {}
      : {
          sampler: {
            name: 'envoy.tracers.opentelemetry.samplers.dynatrace',
            typedConfig: toAny(DynatraceSamplerConfig, {
              tenant: sampler.tenant,
              clusterId: sampler.clusterId,
              rootSpansPerMinute: sampler.rootSpansPerMinute,
              httpService: httpService(sampler.api),
            }),
          },
        }),
  });
}

const detector = (kind: string, typedConfig: Any): Partial<TypedExtensionConfig> => ({
  name: `envoy.tracers.opentelemetry.resource_detectors.${kind}`,
  typedConfig,
});
const DETECTORS = {
  environment: detector('environment', toAny(EnvironmentResourceDetectorConfig, {})),
  dynatrace: detector('dynatrace', toAny(DynatraceResourceDetectorConfig, {})),
};

const httpService = ({ uri, cluster, timeout, headers }: HttpCollector): Partial<HttpService> => ({
  httpUri: { uri, httpUpstreamType: { $case: 'cluster', value: cluster }, timeout: duration(timeout) },
  requestHeadersToAdd: headers.map(([key, value]) => ({ header: { key, value }, appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD })),
});

const grpcService = (
  { cluster, hostname }: Backend,
  { timeout, headers }: { timeout: string; headers: HttpCollector['headers'] } = { timeout: '', headers: [] },
): Partial<GrpcService> => ({
  targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: cluster, authority: hostname } },
  ...(timeout === '' ? {} : { timeout: duration(timeout) }),
  initialMetadata: headers.map(([key, value]) => ({ key, value })),
});
