import { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { Wasm as HttpWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/wasm/v3/wasm.js';
import { Wasm as NetworkWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/wasm/v3/wasm.js';
import { expect, test } from '@jest/globals';
import { toAny } from '../translate/proto.js';
import { withoutPullSecret } from './wasm-secret.js';

const keyValues = { ISTIO_META_WASM_IMAGE_PULL_SECRET: '{"auths":{"secret":1}}', OTHER: 'kept' };

test.each([
  ['HTTP', HttpWasm],
  ['network', NetworkWasm],
] as const)('EX-004: credentials of registries stay out of dumps of %s extensions', (_, type) => {
  const config = { name: 'a.b', vm: { $case: 'vmConfig' as const, value: { environmentVariables: { keyValues } } } };
  const typedConfig = type === HttpWasm ? toAny(HttpWasm, { config }) : toAny(NetworkWasm, { config });
  const dumped = withoutPullSecret(TypedExtensionConfig.fromPartial({ name: 'x', typedConfig }));
  const text = Buffer.from(dumped.typedConfig?.value ?? []).toString();
  expect(text).not.toContain('auths');
  expect(text).toContain('[redacted]');
  expect(text).toContain('kept');
});

test('other extensions stay as they are', () => {
  const other = TypedExtensionConfig.fromPartial({ name: 'x', typedConfig: { typeUrl: 'type.googleapis.com/a.B', value: Buffer.from('x') } });
  expect(withoutPullSecret(other)).toBe(other);
});
