/** Credentials of image registries that the control plane hands to Istio's agent inside an extension (EX-004): they stay out of dumps. */
import type { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { Wasm as HttpWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/wasm/v3/wasm.js';
import { Wasm as NetworkWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/wasm/v3/wasm.js';
import { WASM_PULL_SECRET } from '../translate/extension/wasm.js';
import { toAny } from '../translate/proto.js';

export function withoutPullSecret(extension: TypedExtensionConfig): TypedExtensionConfig {
  const { typedConfig } = extension;
  const type = [HttpWasm, NetworkWasm].find(({ $type }) => typedConfig?.typeUrl.endsWith(`/${$type}`));
  if (type === undefined || typedConfig === undefined) return extension;
  const wasm = type.decode(typedConfig.value);
  const vm = wasm.config?.vm;
  const keyValues = vm?.$case === 'vmConfig' ? vm.value.environmentVariables?.keyValues : undefined;
  if (keyValues?.[WASM_PULL_SECRET] === undefined) return extension;
  keyValues[WASM_PULL_SECRET] = '[redacted]';
  return { ...extension, typedConfig: toAny(type, wasm as never) };
}
