/**
 * Tracers among MeshConfig.extensionProviders (TE-008, TE-019) as plain values: what a tracer is told, with its collector found in the mesh.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
 */
import type { ExtensionProvider } from '../../api/mesh-config.js';
import { type Backend, type FindBackend, providerSettings } from '../../model/extension-providers.js';
import { parseDuration } from '../proto.js';
import { istioVersionAtLeast } from './istio-version.js';

/** A header as MeshConfig has it: with a value, or with the name of a variable in the control plane's environment. */
export interface ProviderHeader {
  readonly name?: string;
  readonly value?: string;
  readonly envName?: string;
}

export interface HttpCollector {
  readonly uri: string;
  readonly cluster: string;
  readonly timeout: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export type Tracer =
  | {
      readonly kind: 'zipkin';
      readonly shortIds: boolean;
      readonly withW3c: boolean;
      /** Newer form of the collector, or the older one. */
      readonly collector: HttpCollector | (Backend & { readonly path: string });
    }
  | { readonly kind: 'datadog'; readonly backend: Backend; readonly serviceName: string }
  | { readonly kind: 'skywalking'; readonly backend: Backend }
  | {
      readonly kind: 'opentelemetry';
      readonly serviceName: string;
      readonly exporter:
        | HttpCollector
        | { readonly backend: Backend; readonly timeout: string; readonly headers: readonly (readonly [name: string, value: string])[] };
      readonly detectors: readonly ('environment' | 'dynatrace')[];
      readonly sampler?: { readonly tenant: string; readonly clusterId: number; readonly rootSpansPerMinute: number; readonly api: HttpCollector };
    };

/** What of a proxy tracers are told. */
export interface TracedProxy {
  /** `cluster` of the Envoy node. */
  readonly serviceCluster: string;
  /** What OpenTelemetry's conventions for Kubernetes call the service. */
  readonly serviceName: string;
  /** '' for a stock Envoy. */
  readonly istioVersion: string;
}

export interface TracerContext {
  readonly find: FindBackend;
  /** A variable of the control plane's environment. */
  readonly environment: (name: string) => string;
  readonly proxy: TracedProxy;
}

/** Of every kind, as YAML has them. */
interface Settings {
  readonly service?: string;
  readonly port?: number;
  readonly maxTagLength?: number;
  readonly enable64bitTraceId?: boolean;
  readonly path?: string;
  readonly traceContextOption?: string;
  readonly timeout?: string;
  readonly headers?: readonly ProviderHeader[];
  readonly http?: HttpSettings;
  readonly grpc?: { readonly timeout?: string; readonly initialMetadata?: readonly ProviderHeader[] };
  readonly resourceDetectors?: { readonly environment?: object; readonly dynatrace?: object };
  readonly serviceAttributeEnrichment?: string;
  readonly dynatraceSampler?: {
    readonly tenant?: string;
    readonly clusterId?: number;
    readonly rootSpansPerMinute?: number;
    readonly httpService?: { readonly service?: string; readonly port?: number; readonly http?: HttpSettings };
  };
}
interface HttpSettings {
  readonly path?: string;
  readonly timeout?: string;
  readonly headers?: readonly ProviderHeader[];
}

/** A collector over HTTP needs a timeout: Envoy refuses one without. */
const DEFAULT_TIMEOUT = '5s';
const ZIPKIN_PATH = '/api/v2/spans';

/** A tracer and how long the `http.url` tag may get (0: MeshConfig's); undefined for what traces nothing or has no collector in the mesh. */
export function providerTracer(
  provider: ExtensionProvider,
  context: TracerContext,
): { readonly tracer: Tracer; readonly maxTagLength: number } | undefined {
  for (const kind of ['zipkin', 'datadog', 'skywalking', 'opentelemetry'] as const) {
    const settings = providerSettings<Settings>(provider, kind);
    if (settings === undefined) continue;
    const backend = context.find(settings.service ?? '', settings.port ?? 0);
    const tracer = backend && TRACERS[kind](settings, backend, context);
    return tracer && { tracer, maxTagLength: kind === 'skywalking' ? 0 : (settings.maxTagLength ?? 0) };
  }
  return undefined;
}

type TracerOf = (settings: Settings, backend: Backend, context: TracerContext) => Tracer | undefined;

const TRACERS: Readonly<Record<Tracer['kind'], TracerOf>> = {
  zipkin: (settings, backend, { proxy, environment }) => {
    const { enable64bitTraceId = false, traceContextOption } = settings;
    const path = settings.path === undefined || settings.path === '' ? ZIPKIN_PATH : settings.path;
    const headers = headersOf(settings.headers, environment);
    // A stock Envoy may be too old for the newer form: it gets that only where nothing else will do.
    const isNew = proxy.istioVersion === '' ? settings.timeout !== undefined || headers.length > 0 : istioVersionAtLeast(proxy.istioVersion, 1, 29);
    return {
      kind: 'zipkin',
      shortIds: enable64bitTraceId,
      withW3c: traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION' && (proxy.istioVersion === '' || istioVersionAtLeast(proxy.istioVersion, 1, 28)),
      collector: isNew
        ? { uri: `http://${backend.hostname}${path}`, cluster: backend.cluster, timeout: timeoutOf(settings.timeout, DEFAULT_TIMEOUT), headers }
        : { ...backend, path },
    };
  },
  datadog: (_, backend, { proxy }) => ({ kind: 'datadog', backend, serviceName: proxy.serviceCluster }),
  skywalking: (_, backend) => ({ kind: 'skywalking', backend }),
  opentelemetry: (settings, backend, context) => {
    const { http, grpc, resourceDetectors, dynatraceSampler } = settings;
    const follows = settings.serviceAttributeEnrichment === 'OTEL_SEMANTIC_CONVENTIONS';
    const sampler = dynatraceSampler && dynatrace(dynatraceSampler, settings, backend, context);
    // A sampler that cannot be asked: everything would be sampled without it.
    if (dynatraceSampler !== undefined && sampler === undefined) return undefined;
    return {
      kind: 'opentelemetry',
      serviceName: follows ? context.proxy.serviceName : context.proxy.serviceCluster,
      exporter:
        http !== undefined
          ? httpCollector(backend, http, http.path ?? '', context)
          : { backend, timeout: timeoutOf(grpc?.timeout, ''), headers: headersOf(grpc?.initialMetadata, context.environment) },
      detectors: detectorsOf(resourceDetectors ?? {}, follows),
      ...(sampler && { sampler }),
    };
  },
};

function dynatrace(
  { tenant = '', clusterId = 0, rootSpansPerMinute = 0, httpService }: NonNullable<Settings['dynatraceSampler']>,
  { http }: Settings,
  backend: Backend,
  context: TracerContext,
) {
  const own = httpService && context.find(httpService.service ?? '', httpService.port ?? 0);
  if (httpService === undefined ? http === undefined : own === undefined) return undefined;
  const api =
    own === undefined
      ? httpCollector(backend, http ?? {}, 'api/v2/samplingConfiguration', context)
      : httpCollector(own, httpService?.http ?? {}, httpService?.http?.path ?? '', context);
  return { tenant, clusterId, rootSpansPerMinute, api };
}

const httpCollector = ({ hostname, cluster }: Backend, { timeout, headers }: HttpSettings, path: string, { environment }: TracerContext) => ({
  uri: path === '' ? hostname : `${hostname}/${path.replace(/^\/+/, '')}`,
  cluster,
  timeout: timeoutOf(timeout, DEFAULT_TIMEOUT),
  headers: headersOf(headers, environment),
});

const headersOf = (headers: readonly ProviderHeader[] = [], environment: TracerContext['environment']) =>
  headers.map(({ name = '', value, envName }) => [name, value ?? (envName === undefined ? '' : environment(envName))] as const);

/** `environment:` without a value is set too. The conventions need it for what OTEL_RESOURCE_ATTRIBUTES says. */
function detectorsOf(asked: NonNullable<Settings['resourceDetectors']>, follows: boolean): ('environment' | 'dynatrace')[] {
  const detectors = (['environment', 'dynatrace'] as const).filter((kind) => asked[kind] !== undefined);
  return follows && asked.environment === undefined ? [...detectors, 'environment'] : detectors;
}

/** MeshConfig's providers are not validated field by field: text that is no duration counts as none. */
const timeoutOf = (text: string | undefined, otherwise: string): string =>
  text === undefined || parseDuration(text) === undefined ? otherwise : text;
