import { describe, expect, test } from '@jest/globals';
import type { ExtensionProvider } from '../../api/mesh-config.js';
import { istioVersionAtLeast } from './istio-version.js';
import { providerTracer, type TracedProxy } from './tracing-providers.js';

const NODE: TracedProxy = { serviceCluster: 'web.shop', serviceName: 'web', istioVersion: '1.29.0' };
const find = (service: string, port: number) => (service === 'gone' ? undefined : { hostname: service, cluster: `outbound|${port}||${service}` });
const tracerOf = (settings: object, proxy: Partial<TracedProxy> = {}) =>
  providerTracer({ name: 'p', ...settings } as ExtensionProvider, {
    find,
    environment: (name) => `value of ${name}`,
    proxy: { ...NODE, ...proxy },
  });

describe('tracers of providers', () => {
  test('TE-015: a collector that the mesh does not have is no tracer', () => {
    expect(tracerOf({ zipkin: { service: 'gone', port: 1 } })).toBeUndefined();
  });
  test('TE-019: Zipkin in the newer form from 1.29 on, with headers from the environment', () => {
    const zipkin = { service: 'z', port: 9411, headers: [{ name: 'x', envName: 'TOKEN' }] };
    expect(tracerOf({ zipkin })?.tracer).toMatchObject({
      collector: { uri: 'http://z/api/v2/spans', timeout: '5s', headers: [['x', 'value of TOKEN']] },
    });
    expect(tracerOf({ zipkin }, { istioVersion: '1.28.3' })?.tracer).toMatchObject({
      collector: { cluster: 'outbound|9411||z', path: '/api/v2/spans' },
    });
  });
  test('TE-019: a stock Envoy gets the newer form only where headers or a timeout need it', () => {
    expect(tracerOf({ zipkin: { service: 'z', port: 1 } }, { istioVersion: '' })?.tracer).toMatchObject({ collector: { path: '/api/v2/spans' } });
    expect(tracerOf({ zipkin: { service: 'z', port: 1, timeout: '1s' } }, { istioVersion: '' })?.tracer).toMatchObject({
      collector: { timeout: '1s' },
    });
  });
  test('TE-008: Datadog and OpenTelemetry report under the node’s name', () => {
    expect(tracerOf({ datadog: { service: 'd', port: 8126 } })?.tracer).toMatchObject({ serviceName: 'web.shop' });
    expect(tracerOf({ opentelemetry: { service: 'o', port: 4317 } })?.tracer).toMatchObject({ serviceName: 'web.shop', detectors: [] });
  });
  test('TE-008: by OpenTelemetry’s conventions the workload has another name, and the environment is asked', () => {
    const opentelemetry = { service: 'o', port: 4317, serviceAttributeEnrichment: 'OTEL_SEMANTIC_CONVENTIONS' };
    expect(tracerOf({ opentelemetry })?.tracer).toMatchObject({ serviceName: 'web', detectors: ['environment'] });
  });
  test('TE-008: a timeout that is none is left to the default', () => {
    const opentelemetry = { service: 'o', port: 4318, http: { path: 'v1/traces', timeout: 'soon' } };
    expect(tracerOf({ opentelemetry })?.tracer).toMatchObject({ exporter: { uri: 'o/v1/traces', timeout: '5s' } });
  });
  test('TE-008: a sampler that nobody can be asked for is no tracer: it would sample everything', () => {
    expect(tracerOf({ opentelemetry: { service: 'o', port: 1, dynatraceSampler: { tenant: 't' } } })).toBeUndefined();
  });
  test('SkyWalking has no tag length', () => {
    expect(tracerOf({ skywalking: { service: 's', port: 1, maxTagLength: 9 } })?.maxTagLength).toBe(0);
  });
});

test('versions of Istio: what cannot be read is new', () => {
  expect(['1.28.9', '1.29', '1.30-dev', '2.0.0', 'master'].map((version) => istioVersionAtLeast(version, 1, 29))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
});
