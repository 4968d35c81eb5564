/**
 * Trace settings of HTTP connection managers as MeshConfig gives them (feature MC-031): sampling and Istio's custom tags, without a
 * provider, so that Envoy's bootstrap tracer is used. The Telemetry API will compute another {@link Tracing} value; the builder stays.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
 */
import type { HttpConnectionManager_Tracing } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { CustomTag } from '@envoyproxy/xds-protos/envoy/type/tracing/v3/custom_tag.js';
import type { EffectiveMeshConfig, ProxyConfig } from '../../api/mesh-config.js';
import type { Partial } from '../proto.js';

export interface TraceTag {
  readonly tag: string;
  readonly from: 'literal' | 'environment' | 'header' | 'rbac';
  /** The literal, the name of the variable or header, or the key of the RBAC filter's metadata. */
  readonly value: string;
  readonly defaultValue?: string;
}

export interface Tracing {
  /** Percent of requests sampled at random. */
  readonly sampling: number;
  readonly maxPathTagLength: number;
  /** Sorted by tag. */
  readonly tags: readonly TraceTag[];
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
  const tags = tracing?.enableIstioTags === false ? [] : [...DRY_RUN_TAGS, ...istioTags(facts)];
  for (const [tag, source] of Object.entries(tracing?.customTags ?? {})) {
    const custom = customTag(tag, source);
    if (custom !== undefined) tags.push(custom);
  }
  return {
    sampling: samplingOf(tracing?.sampling),
    maxPathTagLength: tracing?.maxPathTagLength ?? 0,
    tags: tags.sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0)),
  };
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
  const { literal, environment, header } = (source ?? {}) as {
    literal?: { value?: string };
    environment?: { name?: string; defaultValue?: string };
    header?: { name?: string; defaultValue?: string };
  };
  if (literal !== undefined) return { tag, from: 'literal', value: literal.value ?? '' };
  if (environment !== undefined) return { tag, from: 'environment', value: environment.name ?? '', defaultValue: environment.defaultValue ?? '' };
  if (header !== undefined) return { tag, from: 'header', value: header.name ?? '', defaultValue: header.defaultValue ?? '' };
  return undefined;
}

/** The `tracing` field of a connection manager. */
export function translateTracing(tracing: Tracing): Partial<HttpConnectionManager_Tracing> {
  return {
    clientSampling: { value: 100 },
    overallSampling: { value: 100 },
    randomSampling: { value: tracing.sampling },
    ...(tracing.maxPathTagLength > 0 ? { maxPathTagLength: tracing.maxPathTagLength } : {}),
    customTags: tracing.tags.map(translateTag),
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
