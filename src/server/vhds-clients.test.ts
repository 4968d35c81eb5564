/** Who may get virtual hosts one by one (VHDS): judged when a proxy connects. */
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { expect, test } from '@jest/globals';
import type { XdsVariant } from '../xds/observer.js';
import { createMesh } from './mesh-instance.js';
import { MeshProvider, type MeshProviderParts } from './mesh-provider.js';

async function thresholdOf(given: { minor?: number; variant?: XdsVariant; id?: string; agent?: string; name?: string; isOff?: boolean }) {
  const { minor = 37, variant = 'delta', id = 'sidecar~10.0.0.1~p.a~a.svc.cluster.local', agent, name = 'envoy' } = given;
  const instance = createMesh();
  const parts: MeshProviderParts = {
    ...instance,
    authenticators: [],
    identities: {} as MeshProviderParts['identities'],
    ...(given.isOff ? {} : { vhdsThreshold: 100 }),
  };
  const node = Node.fromPartial({
    id,
    metadata: agent === undefined ? {} : { ISTIO_VERSION: agent },
    userAgentName: name,
    userAgentVersionType: { $case: 'userAgentBuildVersion', value: { version: { majorNumber: 1, minorNumber: minor, patch: 0 } } },
  });
  await new MeshProvider(parts).connect(node, { address: '10.0.0.1:1', plaintext: true, metadata: {} }, variant);
  const [proxy] = instance.mesh.rows.proxies.list().values();
  return proxy?.vhdsThreshold;
}

test('sidecars without an agent, from Envoy 1.37 on, on a delta stream', async () => {
  expect(await thresholdOf({})).toBe(100);
  expect(await thresholdOf({ minor: 40 })).toBe(100);
  expect(await thresholdOf({ minor: 36 })).toBeUndefined();
  expect(await thresholdOf({ name: 'grpc-node' })).toBeUndefined();
  expect(await thresholdOf({ variant: 'sotw' })).toBeUndefined();
  expect(await thresholdOf({ agent: '1.27.0' })).toBeUndefined();
  expect(await thresholdOf({ id: 'router~10.0.0.1~p.a~a.svc.cluster.local' })).toBeUndefined();
});

test('nobody, when it is off', async () => {
  expect(await thresholdOf({ isOff: true })).toBeUndefined();
});
