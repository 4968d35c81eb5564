/** Which Gateways are ours to run, and what holds for each: a query over the rows, so that only a change of meaning wakes the writer (GA-002, GA-003). */
import { isDeepStrictEqual } from 'node:util';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { byAge, keyOf } from '../../api/resource.js';
import { GATEWAY_NAME, type ManagedGateway, type Overlays } from '../../gateways/managed-gateway.js';
import type { Collection, Query } from '../../graph/graph.js';
import { isManaged, roleOf } from '../../model/gateway-api/classes.js';
import type { GatewayClassRow, GatewayRow, ListenerSetRow } from '../../model/gateway-api/types.js';
import type { Mesh } from '../../model/mesh.js';

export interface Wanted {
  readonly managed: ManagedGateway;
  /** Revision or tag that the Gateway, or else its namespace, names; '' for none. */
  readonly revision: string;
  /** Why it can't be made, where that is known already. */
  readonly problem?: string;
}

export interface WantedGateways {
  /** By key of the Gateway. */
  readonly gateways: ReadonlyMap<string, Wanted>;
  readonly meshConfig: EffectiveMeshConfig;
}

const REVISION = 'istio.io/rev';
/** A ConfigMap with this label holds the defaults of a class. */
const CLASS_DEFAULTS = 'gateway.istio.io/defaults-for-class';

/** `systemNamespace` is where defaults of classes are. */
export function wantedGateways(mesh: Mesh, systemNamespace: string): Query<string, WantedGateways> {
  const { rows, graph } = mesh;
  const gateways = rows.of('K8sGateway') as unknown as Collection<GatewayRow>;
  const classes = rows.of('GatewayClass') as unknown as Collection<GatewayClassRow>;
  const sets = rows.of('ListenerSet') as unknown as Collection<ListenerSetRow>;
  const defaults = rows
    .of('ConfigMap')
    .index('gatewayClassDefaults', ({ metadata }) =>
      metadata.namespace === systemNamespace && metadata.labels[CLASS_DEFAULTS] !== undefined ? [metadata.labels[CLASS_DEFAULTS]] : [],
    );

  const overlaysOf = ({ metadata, spec }: GatewayRow): { overlays: readonly Overlays[]; problem?: string } => {
    const [oldest] = [...defaults.get(spec.gatewayClassName).values()].sort(byAge);
    const overlays = oldest === undefined ? [] : [{ name: keyOf(oldest), data: oldest.spec.data ?? {} }];
    const named = spec.infrastructure?.parametersRef;
    if (named === undefined) return { overlays };
    if (named.kind !== 'ConfigMap' || named.group !== '')
      return { overlays, problem: `spec.infrastructure.parametersRef: only a ConfigMap can be named, not ${named.kind} of group "${named.group}"` };
    const name = `${metadata.namespace}/${named.name}`;
    const found = rows.of('ConfigMap').get(name);
    if (found === undefined) return { overlays, problem: `spec.infrastructure.parametersRef: there is no ConfigMap ${name}` };
    return { overlays: [...overlays, { name, data: found.spec.data ?? {} }] };
  };

  const wanted = graph.query(
    'managedGateway',
    (key: string): Wanted | undefined => {
      const gateway = gateways.get(key);
      if (gateway === undefined || gateway.metadata.deletionTimestamp !== undefined || !isManaged(gateway.spec)) return undefined;
      const { metadata, spec } = gateway;
      if (roleOf(spec.gatewayClassName, classes.get(`/${spec.gatewayClassName}`)) !== 'served') return undefined;
      const attached = mesh.derived.listenerSetsOf(key).flatMap((set) => sets.get(set)?.spec.listeners ?? []);
      const { overlays, problem } = overlaysOf(gateway);
      const { location: _, createdAt: __, status: ___, ...rest } = gateway;
      return {
        managed: {
          gateway: { ...rest, createdAt: 0 },
          listeners: [...(spec.listeners ?? []), ...attached],
          overlays,
          ...(mesh.quicListeners && { http3: true as const }),
          proxyConfig: mesh.proxyConfigs.effective({
            namespace: metadata.namespace,
            labels: { [GATEWAY_NAME]: metadata.name },
            metadata: { ANNOTATIONS: metadata.annotations },
          }),
        },
        revision: metadata.labels[REVISION] ?? rows.of('Namespace').get(`/${metadata.namespace}`)?.metadata.labels[REVISION] ?? '',
        ...(problem !== undefined && { problem }),
      };
    },
    { equals: isDeepStrictEqual },
  );

  return graph.query(
    'managedGateways',
    (): WantedGateways => {
      const found = [...gateways.list().keys()].flatMap((key) => {
        const one = wanted.get(key);
        return one === undefined ? [] : [[key, one] as const];
      });
      return { gateways: new Map(found), meshConfig: mesh.config() };
    },
    { equals: isDeepStrictEqual },
  );
}
