import { expect, it } from '@jest/globals';
import { DEFAULT_MESH_CONFIG, effectiveMeshConfig } from './mesh-config.js';

it('effectiveMeshConfig: fills in defaults, merges proxy settings and providers by name', () => {
  const config = effectiveMeshConfig({
    defaultConfig: { concurrency: 3 },
    extensionProviders: [{ name: 'envoy', envoyFileAccessLog: { path: '/x' } }],
  });
  expect(config.defaultConfig).toMatchObject({ concurrency: 3, drainDuration: '45s' });
  expect(config.extensionProviders.map((one) => one.name)).toEqual(['prometheus', 'stackdriver', 'envoy']);
  expect(config).toMatchObject({ connectTimeout: '10s', outboundTrafficPolicy: { mode: 'ALLOW_ANY' }, rootNamespace: 'istio-system' });
});

it('MC-001: nothing written means the defaults; an empty field means not set', () => {
  expect(effectiveMeshConfig()).toBe(DEFAULT_MESH_CONFIG);
  expect(effectiveMeshConfig(JSON.parse('{"connectTimeout":null}')).connectTimeout).toBe('10s');
  expect(effectiveMeshConfig({ defaultVirtualServiceExportTo: [] }).defaultVirtualServiceExportTo).toEqual(['*']);
  const policy = JSON.parse('{"connectionPool":{"tcp":{"maxConnections":5}},"loadBalancer":{"simple":"RANDOM"}}');
  expect(effectiveMeshConfig({ defaultTrafficPolicy: policy }).defaultTrafficPolicy).toEqual({ connectionPool: { tcp: { maxConnections: 5 } } });
});
