/**
 * The configuration of a WebAssembly extension, as it is asked for over ECDS (EX-001, EX-004 to EX-006). Istio's agent fetches code and images
 * itself and hands Envoy a file. A stock Envoy has only what it can do on its own: local files, and what a service of the mesh serves over HTTP
 * with a known checksum. What it cannot get is refused in the way that failStrategy says.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/wasm/v3/wasm.proto
 */
import type { AsyncDataSource } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { RBAC as HttpRbac } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/rbac/v3/rbac.js';
import { Wasm as HttpWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/wasm/v3/wasm.js';
import { RBAC as NetworkRbac } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/rbac/v3/rbac.js';
import { Wasm as NetworkWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/wasm/v3/wasm.js';
import { FailurePolicy, type PluginConfig } from '@envoyproxy/xds-protos/envoy/extensions/wasm/v3/wasm.js';
import { StringValue } from '@envoyproxy/xds-protos/google/protobuf/wrappers.js';
import type { TrafficExtension, TrafficExtensionSpec } from '../../api/extensions.js';
import type { FindBackend } from '../../model/extension-providers.js';
import { duration, type Partial, toAny } from '../proto.js';
import { structJson } from './struct-json.js';

type WasmSettings = NonNullable<TrafficExtensionSpec['wasm']>;

export interface WasmContext {
  /** Istio's agent is there to fetch code. */
  readonly hasAgent: boolean;
  readonly find: FindBackend;
  /** Credentials of the registry that imagePullSecret names, '' for none that the proxy may have. Only agents get them. */
  readonly pullSecret?: string;
}

const FAILURE: Readonly<Record<string, FailurePolicy>> = {
  FAIL_CLOSE: FailurePolicy.FAIL_CLOSED,
  FAIL_OPEN: FailurePolicy.FAIL_OPEN,
  FAIL_RELOAD: FailurePolicy.FAIL_RELOAD,
};
const FETCH_TIMEOUT = '30s';
/** Where Istio's agent looks for the credentials of an image registry. */
export const WASM_PULL_SECRET = 'ISTIO_META_WASM_IMAGE_PULL_SECRET';

/** undefined for an extension without code of this kind. */
export function translateWasm(name: string, row: TrafficExtension, context: WasmContext): Partial<TypedExtensionConfig> | undefined {
  const { wasm } = row.spec;
  if (wasm === undefined) return undefined;
  const isNetwork = wasm.type === 'NETWORK';
  const code = codeOf(wasm, context);
  if (code === undefined) return { name, typedConfig: refusal(isNetwork, wasm.failStrategy === 'FAIL_OPEN') };
  const config = pluginConfig(row, wasm, code, context);
  return { name, typedConfig: isNetwork ? toAny(NetworkWasm, { config }) : toAny(HttpWasm, { config }) };
}

/** Lets nothing through, or everything. */
function refusal(isNetwork: boolean, isOpen: boolean) {
  const rules = isOpen ? {} : { rules: { policies: {} } };
  return isNetwork ? toAny(NetworkRbac, { statPrefix: 'wasm.', ...rules }) : toAny(HttpRbac, rules);
}

function codeOf({ url, sha256 = '' }: WasmSettings, { hasAgent, find }: WasmContext): Partial<AsyncDataSource> | undefined {
  if (url.startsWith('file://')) {
    const value = url.slice('file://'.length);
    return { specifier: { $case: 'local', value: { specifier: { $case: 'filename', value } } } };
  }
  const uri = url.includes('://') ? url : `oci://${url}`;
  const cluster = hasAgent ? '_' : servedBy(uri, sha256, find);
  if (cluster === undefined) return undefined;
  return {
    specifier: {
      $case: 'remote',
      value: { httpUri: { uri, timeout: duration(FETCH_TIMEOUT), httpUpstreamType: { $case: 'cluster', value: cluster } }, sha256 },
    },
  };
}

/** The cluster of the service that has the code; Envoy takes no code without a checksum. */
function servedBy(uri: string, sha256: string, find: FindBackend): string | undefined {
  const [, scheme, host, port] = /^(https?):\/\/([^/:]+)(?::(\d+))?/.exec(uri) ?? [];
  if (host === undefined || sha256 === '') return undefined;
  return find(host, port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port))?.cluster;
}

function pluginConfig(
  { metadata, createdAt }: TrafficExtension,
  { pluginName = '', pluginConfig: settings = {}, failStrategy = 'FAIL_CLOSE', imagePullPolicy, imagePullSecret, vmConfig }: WasmSettings,
  code: Partial<AsyncDataSource>,
  { hasAgent, pullSecret = '' }: WasmContext,
): Partial<PluginConfig> {
  const env = vmConfig?.env ?? [];
  const forAgent: Record<string, string> = {
    ...(imagePullPolicy !== undefined && imagePullPolicy !== 'UNSPECIFIED_POLICY' ? { ISTIO_META_WASM_IMAGE_PULL_POLICY: imagePullPolicy } : {}),
    ...(imagePullSecret ? { [WASM_PULL_SECRET]: pullSecret } : {}),
    ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION: metadata.resourceVersion ?? String(createdAt),
  };
  const inline = Object.fromEntries(env.filter(({ valueFrom }) => valueFrom !== 'HOST').map(({ name, value = '' }) => [name, value]));
  const hostEnvKeys = env.filter(({ valueFrom }) => valueFrom === 'HOST').map(({ name }) => name);
  const hasSettings = Object.keys(settings).length > 0;
  return {
    name: `${metadata.namespace}.${metadata.name}`,
    rootId: pluginName,
    configuration: hasSettings ? toAny(StringValue, { value: structJson(settings) }) : { typeUrl: '', value: Buffer.alloc(0) },
    failurePolicy: FAILURE[failStrategy] ?? FailurePolicy.FAIL_CLOSED,
    vm: {
      $case: 'vmConfig',
      value: {
        runtime: 'envoy.wasm.runtime.v8',
        code,
        environmentVariables: { hostEnvKeys, keyValues: { ...(hasAgent ? forAgent : {}), ...inline } },
      },
    },
  };
}
