/**
 * Trace settings of HTTP connection managers. Telemetry chooses the tracer (TE-008 to TE-011); where none does, MeshConfig gives sampling and
 * Istio's custom tags without a provider, so that Envoy's bootstrap tracer is used (MC-031).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
 */
import type { HttpConnectionManager_Tracing } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { CustomTag } from '@envoyproxy/xds-protos/envoy/type/tracing/v3/custom_tag.js';
import type { EffectiveMeshConfig, ProxyConfig } from '../../api/mesh-config.js';
import { findProvider } from '../../model/extension-providers.js';
import type { CustomTag as TagSource, TraceChoice } from '../../model/telemetry-merge.js';
import type { Partial } from '../proto.js';
import { istioVersionAtLeast } from './istio-version.js';
import { translateTracer } from './tracer.js';
import { providerTracer, type Tracer, type TracerContext } from './tracing-providers.js';

export interface TraceTag {
  readonly tag: string;
  readonly from: 'literal' | 'environment' | 'header' | 'format' | 'rbac';
  /** The literal, the name of the variable or header, a format as in access logs, or the key of the RBAC filter's metadata. */
  readonly value: string;
  readonly defaultValue?: string;
}

export interface Tracing {
  /** Percent of requests sampled at random. */
  readonly sampling: number;
  readonly maxPathTagLength: number;
  /** Sorted by tag. */
  readonly tags: readonly TraceTag[];
  /** The bootstrap's without one. */
  readonly tracer?: Tracer;
  /** A span of its own for what is sent on: the proxy is a hop, not a part of the workload. */
  readonly spawnUpstreamSpan?: boolean;
  readonly noContextPropagation?: boolean;
}

interface TagFacts {
  readonly namespace: string;
  readonly clusterId: string;
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  readonly meshId: string;
}

/** What a dry-run AuthorizationPolicy leaves behind in the request's metadata. */
const DRY_RUN_TAGS: readonly TraceTag[] = ['allow', 'deny'].flatMap((action) => [
  { tag: `istio.authorization.dry_run.${action}_policy.name`, from: 'rbac', value: `istio_dry_run_${action}_shadow_effective_policy_id` },
  { tag: `istio.authorization.dry_run.${action}_policy.result`, from: 'rbac', value: `istio_dry_run_${action}_shadow_engine_result` },
]);

/** undefined when tracing is off. */
export function meshTracing(config: EffectiveMeshConfig, proxyConfig: ProxyConfig, facts: TagFacts): Tracing | undefined {
  if (!config.enableTracing) return undefined;
  const { tracing } = proxyConfig;
  return {
    sampling: samplingOf(tracing?.sampling),
    maxPathTagLength: tracing?.maxPathTagLength ?? 0,
    tags: allTags(tracing?.enableIstioTags !== false, tracing?.customTags ?? {}, facts),
  };
}

/** What decides, beside MeshConfig, how a Telemetry's choice comes out. */
export interface TraceContext extends TracerContext {
  readonly facts: TagFacts;
  readonly isGateway: boolean;
}

/** Tracing as Telemetry chose it. undefined when it is off, and when the provider cannot be used: nothing is reported to anyone else instead. */
export function chosenTracing(
  config: EffectiveMeshConfig,
  proxyConfig: ProxyConfig,
  choice: TraceChoice,
  context: TraceContext,
): Tracing | undefined {
  if (choice.disabled) return undefined;
  const provider = findProvider(config.extensionProviders, choice.provider);
  const found = provider && providerTracer(provider, context);
  if (found === undefined) return undefined;
  const { tracer, maxTagLength } = found;
  const { tracing } = proxyConfig;
  const { istioVersion } = context.proxy;
  const isAtLeast = (minor: number): boolean => istioVersion === '' || istioVersionAtLeast(istioVersion, 1, minor);
  const own = Object.entries(choice.customTags).filter(([, { formatter }]) => formatter === undefined || isAtLeast(29));
  const tags = Object.keys(choice.customTags).length === 0 ? (tracing?.customTags ?? {}) : Object.fromEntries(own);
  return {
    // A sampler of the tracer's own decides: it must see everything.
    sampling: tracer.kind === 'opentelemetry' && tracer.sampler !== undefined ? 100 : (choice.sampling ?? samplingOf(tracing?.sampling)),
    maxPathTagLength: maxTagLength > 0 ? maxTagLength : (tracing?.maxPathTagLength ?? 0),
    tags: allTags(choice.enableIstioTags, tags, context.facts),
    tracer,
    ...(context.isGateway || tracer.kind === 'skywalking' ? { spawnUpstreamSpan: true } : {}),
    ...(choice.disableContextPropagation && isAtLeast(30) ? { noContextPropagation: true } : {}),
  };
}

/** Of two with one name Envoy keeps the first: what the author says goes before what Istio says. */
function allTags(withIstioTags: boolean, custom: Readonly<Record<string, unknown>>, facts: TagFacts): readonly TraceTag[] {
  const own = Object.entries(custom).flatMap(([tag, source]) => customTag(tag, source) ?? []);
  return [...own, ...(withIstioTags ? [...DRY_RUN_TAGS, ...istioTags(facts)] : [])].sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0));
}

/** Default 1 %, also for nonsense above 100, as the reference has it. */
const samplingOf = (sampling: number | undefined): number => (sampling === undefined || sampling === 0 || sampling > 100 ? 1 : sampling);

function istioTags(facts: TagFacts): TraceTag[] {
  const literal = (tag: string, value: string, otherwise: string): TraceTag => ({ tag, from: 'literal', value: value === '' ? otherwise : value });
  return [
    literal('istio.canonical_revision', facts.canonicalRevision, 'latest'),
    literal('istio.canonical_service', facts.canonicalName, 'unknown'),
    literal('istio.cluster_id', facts.clusterId, 'unknown'),
    literal('istio.mesh_id', facts.meshId, 'unknown'),
    literal('istio.namespace', facts.namespace, 'default'),
  ];
}

function customTag(tag: string, source: unknown): TraceTag | undefined {
  const { literal, environment, header, formatter } = (source ?? {}) as Loose<TagSource>;
  if (literal !== undefined) return { tag, from: 'literal', value: literal.value ?? '' };
  if (environment !== undefined) return { tag, from: 'environment', value: environment.name ?? '', defaultValue: environment.defaultValue ?? '' };
  if (header !== undefined) return { tag, from: 'header', value: header.name ?? '', defaultValue: header.defaultValue ?? '' };
  if (formatter !== undefined) return { tag, from: 'format', value: formatter.value ?? '' };
  return undefined;
}
/** MeshConfig's own tags are not validated. */
type Loose<T> = { readonly [K in keyof T]?: { readonly [F in keyof NonNullable<T[K]>]?: NonNullable<T[K]>[F] } };

/** The `tracing` field of a connection manager. */
export function translateTracing(tracing: Tracing): Partial<HttpConnectionManager_Tracing> {
  return {
    clientSampling: { value: 100 },
    overallSampling: { value: 100 },
    randomSampling: { value: tracing.sampling },
    ...(tracing.maxPathTagLength > 0 ? { maxPathTagLength: tracing.maxPathTagLength } : {}),
    customTags: tracing.tags.map(translateTag),
    ...(tracing.tracer === undefined ? {} : { provider: translateTracer(tracing.tracer) }),
    ...(tracing.spawnUpstreamSpan === true ? { spawnUpstreamSpan: true } : {}),
    ...(tracing.noContextPropagation === true ? { noContextPropagation: true } : {}),
  };
}

function translateTag({ tag, from, value, defaultValue = '' }: TraceTag): Partial<CustomTag> {
  switch (from) {
    case 'literal':
      return { tag, type: { $case: 'literal', value: { value } } };
    case 'environment':
      return { tag, type: { $case: 'environment', value: { name: value, defaultValue } } };
    case 'header':
      return { tag, type: { $case: 'requestHeader', value: { name: value, defaultValue } } };
    case 'format':
      return { tag, type: { $case: 'value', value } };
    case 'rbac':
      return {
        tag,
        type: {
          $case: 'metadata',
          value: {
            kind: { kind: { $case: 'request', value: {} } },
            metadataKey: { key: 'envoy.filters.http.rbac', path: [{ segment: { $case: 'key', value } }] },
          },
        },
      };
  }
}
