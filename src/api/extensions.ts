/**
 * The Istio kinds that extend or patch what Mizzen generates, and the two rows that hold mesh-wide settings.
 * EnvoyFilter, ProxyConfig and WasmPlugin come from Istio's CRDs; TrafficExtension is newer than the package, so it is written here.
 * https://istio.io/latest/docs/reference/config/
 */
import type { IWasmPlugin } from '@kubernetes-models/istio/extensions.istio.io/v1alpha1/WasmPlugin';
import type { IEnvoyFilter } from '@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter';
import type { IProxyConfig } from '@kubernetes-models/istio/networking.istio.io/v1beta1/ProxyConfig';
import type { MeshConfig } from './mesh-config.js';
import type { Resource } from './resource.js';

export type EnvoyFilterSpec = NonNullable<IEnvoyFilter['spec']>;
/** The spec of the kind ProxyConfig; the message of the same name inside MeshConfig is another one. */
export type ProxyConfigSpec = NonNullable<IProxyConfig['spec']>;
export type WasmPluginSpec = NonNullable<IWasmPlugin['spec']>;

/** What WasmPlugin became: one filter, either WebAssembly or Lua, put into the chains of the selected workloads. */
export interface TrafficExtensionSpec {
  selector?: { matchLabels?: Record<string, string> };
  targetRefs?: { group?: string; kind?: string; name?: string; namespace?: string }[];
  phase?: string;
  priority?: number;
  match?: { mode?: string; ports?: { number?: number }[] }[];
  wasm?: Omit<WasmPluginSpec, 'selector' | 'targetRef' | 'targetRefs' | 'phase' | 'priority' | 'match'>;
  lua?: { inlineCode?: string };
}

export interface MeshNetworks {
  networks?: Record<
    string,
    {
      endpoints?: { fromCidr?: string; fromRegistry?: string }[];
      gateways?: { registryServiceName?: string; address?: string; port?: number; locality?: string }[];
    }
  >;
}

export type EnvoyFilter = Resource<'EnvoyFilter', EnvoyFilterSpec>;
export type ProxyConfigResource = Resource<'ProxyConfig', ProxyConfigSpec>;
export type WasmPlugin = Resource<'WasmPlugin', WasmPluginSpec>;
export type TrafficExtension = Resource<'TrafficExtension', TrafficExtensionSpec>;
/** The single row of its collection (key `/mesh`): what the user wrote, without defaults. */
export type MeshConfigRow = Resource<'MeshConfig', MeshConfig>;
/** The single row of its collection (key `/mesh`). */
export type MeshNetworksRow = Resource<'MeshNetworks', MeshNetworks>;
