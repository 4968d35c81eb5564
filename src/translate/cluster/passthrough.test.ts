import { expect, test } from '@jest/globals';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { allowAnyDynamicDnsCluster, inboundPassthroughCluster, passthroughCluster } from './passthrough.js';

const mesh = {
  connectTimeout: '10s',
  outboundTrafficPolicy: {},
  defaultTrafficPolicy: { connectionPool: { tcp: { maxConnections: 11 } } },
} as unknown as EffectiveMeshConfig;

test('MC-006 the default pool of the mesh bounds what passes through, not hosts that the proxy resolves', () => {
  const clusters = [
    passthroughCluster(mesh, false),
    inboundPassthroughCluster(mesh, 'ipv4', false),
    allowAnyDynamicDnsCluster(mesh, { name: 'cache', ipMode: 'ipv4' }, false, 'agent'),
  ];
  expect(clusters.map(({ circuitBreakers }) => circuitBreakers?.thresholds?.[0]?.maxConnections)).toEqual([11, 11, 4294967295]);
});
