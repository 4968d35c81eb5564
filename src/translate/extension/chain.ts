/**
 * Extensions in filter chains: code comes over ECDS, scripts stand in the chain itself (EX-001 to EX-003, EX-007).
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension
 */
import { ApiVersion, type ExtensionConfigSource } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { Lua } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/lua/v3/lua.js';
import { RBAC as HttpRbac } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/rbac/v3/rbac.js';
import { Wasm as HttpWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/wasm/v3/wasm.js';
import type { HttpFilter } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { RBAC as NetworkRbac } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/rbac/v3/rbac.js';
import { Wasm as NetworkWasm } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/wasm/v3/wasm.js';
import type { TrafficExtension } from '../../api/extensions.js';
import { concerns, type WorkloadMode } from '../../model/telemetry-merge.js';
import { duration, type Partial, toAny, typeUrl } from '../proto.js';

export type Phase = 'AUTHN' | 'AUTHZ' | 'STATS' | 'UNSPECIFIED_PHASE';

/** One extension of a workload, as a plain value: part of the listener settings. */
export interface ExtensionFilter {
  /** Name of the filter and of its configuration over ECDS. */
  readonly name: string;
  readonly kind: 'http' | 'network' | 'script';
  readonly phase: Phase;
  /** Only at these ports; all without. */
  readonly ports?: readonly number[];
  /** Of a script. */
  readonly code?: string;
}

const PREFIX = 'extensions.istio.io/trafficextension/';

/** `namespace/name` of the extension whose configuration has this name. */
export function extensionKey(name: string): string | undefined {
  const [, namespace, own] = name.startsWith(PREFIX) ? (/^([^.]+)\.(.+)$/.exec(name.slice(PREFIX.length)) ?? []) : [];
  return namespace === undefined ? undefined : `${namespace}/${own}`;
}

/** The filters of a workload on one side of its connections, in the order of `rows`. */
export const extensionFilters = (rows: readonly TrafficExtension[], mode: WorkloadMode): readonly ExtensionFilter[] =>
  rows.flatMap(({ metadata, spec }): ExtensionFilter[] => {
    const { match = [], wasm, lua } = spec;
    const here = match.filter((one) => concerns(one.mode === 'UNDEFINED' ? {} : one, mode));
    if (match.length > 0 && here.length === 0) return [];
    const isAtAll = here.length === 0 || here.some(({ ports = [] }) => ports.length === 0);
    const filter = {
      name: `${PREFIX}${metadata.namespace}.${metadata.name}`,
      phase: (spec.phase ?? 'UNSPECIFIED_PHASE') as Phase,
      ...(isAtAll ? {} : { ports: here.flatMap(({ ports = [] }) => ports.map(({ number = 0 }) => number)) }),
    };
    if (wasm !== undefined) return [{ ...filter, kind: wasm.type === 'NETWORK' ? 'network' : 'http' }];
    return lua?.inlineCode === undefined ? [] : [{ ...filter, kind: 'script', code: lua.inlineCode }];
  });

/** HTTP filters of one phase at a port (0 where any port may be meant: only what is for all ports is there). */
export const httpExtensions = (extensions: readonly ExtensionFilter[], phase: Phase, port: number): Partial<HttpFilter>[] =>
  extensions
    .filter((one) => one.kind !== 'network' && one.phase === phase && isAt(one, port))
    .map(({ name, kind, code = '' }) =>
      kind === 'script'
        ? {
            name,
            configType: { $case: 'typedConfig', value: toAny(Lua, { defaultSourceCode: { specifier: { $case: 'inlineString', value: code } } }) },
          }
        : { name, configType: { $case: 'configDiscovery', value: overEcds([HttpWasm, HttpRbac]) } },
    );

/** Network filters of some phases at a port, in the order of the phases. */
export const networkExtensions = (extensions: readonly ExtensionFilter[] = [], phases: readonly Phase[], port: number): Partial<Filter>[] =>
  phases.flatMap((phase) =>
    extensions
      .filter((one) => one.kind === 'network' && one.phase === phase && isAt(one, port))
      .map(({ name }) => ({ name, configType: { $case: 'configDiscovery', value: overEcds([NetworkWasm, NetworkRbac]) } })),
  );

export const BEFORE_RULES: readonly Phase[] = ['AUTHN', 'AUTHZ'];
export const AFTER_RULES: readonly Phase[] = ['STATS', 'UNSPECIFIED_PHASE'];
export const ALL_PHASES: readonly Phase[] = [...BEFORE_RULES, ...AFTER_RULES];

const isAt = ({ ports }: ExtensionFilter, port: number): boolean => ports === undefined || (port !== 0 && ports.includes(port));

/** The listener waits for it: an extension may be what keeps others out. */
const overEcds = (types: readonly { readonly $type: string }[]): Partial<ExtensionConfigSource> => ({
  configSource: {
    configSourceSpecifier: { $case: 'ads', value: {} },
    initialFetchTimeout: duration('0s'),
    resourceApiVersion: ApiVersion.V3,
  },
  typeUrls: types.map(typeUrl),
});
