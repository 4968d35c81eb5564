import { expect, test } from '@jest/globals';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { statsFilters } from './stats.js';

const config = (metrics: string[]) =>
  ({
    defaultProviders: { metrics },
    extensionProviders: [
      { name: 'Prometheus', prometheus: null },
      { name: 'zip', zipkin: {} },
    ],
  }) as unknown as EffectiveMeshConfig;
const istio = { istioVersion: '1.29.0', isGateway: false };
const telemetry = { specs: [], mode: 'SERVER' as const };

test('TE-002: a stock Envoy never gets istio.stats', () => {
  expect(statsFilters(config(['prometheus']), { ...istio, istioVersion: '' }, telemetry)).toEqual([]);
});
test('TE-007: servers and gateways distrust the host, clients do not', () => {
  const distrusts = (isGateway: boolean, mode: 'CLIENT' | 'SERVER') =>
    statsFilters(config(['prometheus']), { ...istio, isGateway }, { specs: [], mode }).map(({ distrustsHost }) => distrustsHost);
  expect([distrusts(false, 'SERVER'), distrusts(true, 'CLIENT'), distrusts(false, 'CLIENT')]).toEqual([[true], [true], [false]]);
});
test('TE-002: only providers of Prometheus’ kind make metrics', () => {
  expect(statsFilters(config(['zip', 'nobody']), istio, telemetry)).toEqual([]);
});
