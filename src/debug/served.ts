/**
 * What one proxy is served, as Envoy's own admin endpoint shows it (IC-002): what `istioctl proxy-status POD` compares with the proxy's dump.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump.proto
 */
import { BootstrapConfigDump, SecretsConfigDump } from '@envoyproxy/xds-protos/envoy/admin/v3/config_dump.js';
import {
  ClustersConfigDump,
  EcdsConfigDump,
  EndpointsConfigDump,
  ListenersConfigDump,
  RoutesConfigDump,
  ScopedRoutesConfigDump,
} from '@envoyproxy/xds-protos/envoy/admin/v3/config_dump_shared.js';
import { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { ecdsNames, edsName, rdsNames, sdsNames } from '../server/references.js';
import { toAny } from '../translate/proto.js';
import type { EncodedResource } from '../views/encode.js';
import { resourceToJson } from '../views/json.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, EXTENSION_TYPE, LISTENER_TYPE, ROUTE_TYPE, SECRET_TYPE } from '../views/type-urls.js';
import type { Views } from '../views/views.js';
import { withoutPullSecret } from './wasm-secret.js';

/** Types that `types=` may name. */
export type DumpedType = 'cds' | 'eds' | 'lds' | 'rds' | 'sds' | 'ecds';
export const DUMPED_TYPES: ReadonlySet<string> = new Set<DumpedType>(['cds', 'eds', 'lds', 'rds', 'sds', 'ecds']);

/** The resources of one type that a proxy is served now. */
export function servedOf(views: Views, proxyKey: string, typeUrl: string, names?: readonly string[]): readonly EncodedResource[] {
  const watch = views.watch(proxyKey, typeUrl, names, () => undefined);
  try {
    return watch.read().chunks.flat();
  } finally {
    watch.close();
  }
}

/** The resources of one type that a proxy asks for when it takes what it is served; without secrets in them. */
export function dumpedOf(views: Views, proxyKey: string, type: DumpedType): readonly EncodedResource[] {
  const clusters = () => servedOf(views, proxyKey, CLUSTER_TYPE);
  const listeners = () => servedOf(views, proxyKey, LISTENER_TYPE).map(resourceToJson);
  switch (type) {
    case 'cds':
      return clusters();
    case 'lds':
      return servedOf(views, proxyKey, LISTENER_TYPE);
    case 'eds':
      return servedOf(views, proxyKey, ENDPOINT_TYPE, [...new Set(clusters().flatMap((one) => edsName(Cluster.decode(anyOf(one).value))))].sort());
    case 'rds':
      return servedOf(views, proxyKey, ROUTE_TYPE, rdsNames(listeners()));
    case 'sds':
      return servedOf(views, proxyKey, SECRET_TYPE, sdsNames([...listeners(), ...clusters().map(resourceToJson)]));
    case 'ecds':
      return servedOf(views, proxyKey, EXTENSION_TYPE, ecdsNames(listeners()));
  }
}

/** The same as messages. */
export const resourcesOfType = (views: Views, proxyKey: string, type: DumpedType): readonly Any[] =>
  dumpedOf(views, proxyKey, type).map((one) => (type === 'sds' ? withoutKey(one) : type === 'ecds' ? withoutPull(one) : anyOf(one)));

/** The dump, one message per section. Envoy leaves endpoints out unless they are asked for. */
export function envoyDump(views: Views, proxyKey: string, { endpoints = false } = {}): readonly Any[] {
  const of = (type: DumpedType) => dumpedOf(views, proxyKey, type);
  return [
    toAny(BootstrapConfigDump, {}),
    toAny(ClustersConfigDump, { dynamicActiveClusters: of('cds').map((one) => ({ versionInfo: one.version, cluster: anyOf(one) })) }),
    ...(endpoints
      ? [
          toAny(EndpointsConfigDump, {
            dynamicEndpointConfigs: of('eds').map((one) => ({ versionInfo: one.version, endpointConfig: anyOf(one) })),
          }),
        ]
      : []),
    toAny(ListenersConfigDump, {
      dynamicListeners: of('lds').map((one) => ({ name: one.name, activeState: { versionInfo: one.version, listener: anyOf(one) } })),
    }),
    toAny(ScopedRoutesConfigDump, {}),
    toAny(RoutesConfigDump, { dynamicRouteConfigs: of('rds').map((one) => ({ versionInfo: one.version, routeConfig: anyOf(one) })) }),
    toAny(SecretsConfigDump, {
      dynamicActiveSecrets: of('sds').map((one) => ({ name: one.name, versionInfo: one.version, secret: withoutKey(one) })),
    }),
    toAny(EcdsConfigDump, { ecdsFilters: of('ecds').map((one) => ({ versionInfo: one.version, ecdsFilter: withoutPull(one) })) }),
  ];
}

const anyOf = (resource: EncodedResource): Any => Any.decode(resource.body);

/** Private keys never leave in a dump. */
function withoutKey(resource: EncodedResource): Any {
  const secret = Secret.decode(anyOf(resource).value);
  if (secret.type?.$case !== 'tlsCertificate') return toAny(Secret, secret);
  const { certificateChain } = secret.type.value;
  const privateKey = { specifier: { $case: 'inlineString' as const, value: '[redacted]' } };
  const type = { $case: 'tlsCertificate' as const, value: { privateKey, ...(certificateChain && { certificateChain }) } };
  return toAny(Secret, { name: secret.name, type });
}

function withoutPull(resource: EncodedResource): Any {
  const any = anyOf(resource);
  return any.typeUrl === EXTENSION_TYPE ? toAny(TypedExtensionConfig, withoutPullSecret(TypedExtensionConfig.decode(any.value))) : any;
}
