/** Where routes are served: each reference to a parent, and which listeners it leads to (GA-022, GA-023). */
import { isDeepStrictEqual } from 'node:util';
import type { Graph, Query } from '../../graph/graph.js';
import type { Mesh } from '../mesh.js';
import { attach, type Denial } from './attachment.js';
import type { Listeners } from './define-listeners.js';
import type { Finding } from './finding.js';
import { GATEWAY_GROUP, kindOf, namespaceOf, type References, SERVICE, SERVICE_ENTRY } from './references.js';
import type { ParentReference, RouteRow } from './types.js';
import { defineWaypoints } from './waypoints.js';

export const GATEWAY = `${GATEWAY_GROUP}/Gateway`;
export const LISTENER_SET = `${GATEWAY_GROUP}/ListenerSet`;

/** Where a route is served. */
export interface Placement {
  /** Key of a Gateway row, or 'mesh'. */
  readonly gateway: string;
  readonly hosts: readonly string[];
  readonly listenerHost: string;
  readonly isStream: boolean;
  readonly servicePort: number;
  readonly serviceNamespace: string;
}

/** What became of one reference to a parent of ours. */
export interface ParentOutcome {
  readonly ref: ParentReference;
  readonly isMesh: boolean;
  /** How many listeners took the route; 1 for a service. */
  readonly attached: number;
  readonly denied?: Denial;
}

export interface Placed {
  readonly placements: readonly Placement[];
  /** Left out are parents that do not exist or are somebody else's: they may be any controller's to judge. */
  readonly parents: readonly ParentOutcome[];
  readonly findings: readonly Finding[];
}

/** Places of one reference; without an outcome it is not for us to judge, and `absent` says what is wrong all the same. */
interface Found {
  readonly placements: readonly Placement[];
  readonly outcome?: ParentOutcome;
  readonly absent?: string;
}

export const parentKind = (ref: ParentReference): string => kindOf(ref, { group: GATEWAY_GROUP, kind: 'Gateway' });

/** Key: `kind namespace/name` of the route. */
export function definePlacements(
  graph: Graph,
  rows: Mesh['rows'],
  domain: string,
  references: References,
  listeners: Listeners,
  rowOf: (route: string) => RouteRow | undefined,
): Query<string, Placed> {
  const isElsewhere = defineWaypoints(rows);
  const atService = (ref: ParentReference, hosts: readonly string[] | undefined, namespace: string): Found => {
    if (hosts === undefined) {
      const denied: Denial = { reason: 'NoMatchingParent', message: 'it does not exist' };
      return { placements: [], outcome: { ref, isMesh: true, attached: 0, denied } };
    }
    const place = { gateway: 'mesh', hosts, listenerHost: '', isStream: false, servicePort: ref.port ?? 0, serviceNamespace: namespace };
    return { placements: [place], outcome: { ref, isMesh: true, attached: 1 } };
  };
  const find = (row: RouteRow, ref: ParentReference): Found => {
    const { namespace } = row.metadata;
    const kind = parentKind(ref);
    const target = namespaceOf(ref, namespace);
    const key = `${target}/${ref.name}`;
    if (kind === SERVICE || kind === SERVICE_ENTRY) {
      const labels = rows.of(kind === SERVICE ? 'Service' : 'ServiceEntry').get(key)?.metadata.labels;
      // Nothing is wrong: that controller judges the route.
      if (labels !== undefined && isElsewhere(labels, target)) return { placements: [] };
    }
    if (kind === SERVICE)
      return atService(ref, references.hasService(target, ref.name) ? [`${ref.name}.${target}.svc.${domain}`] : undefined, target);
    if (kind === SERVICE_ENTRY) return atService(ref, rows.of('ServiceEntry').get(key)?.spec.hosts, target);
    if (kind !== GATEWAY && kind !== LISTENER_SET) return { placements: [], absent: `parents of kind ${kind} are not supported` };
    const offer = kind === GATEWAY ? listeners.of(key) : undefined;
    // Somebody else's Gateway: nothing is wrong.
    if (offer !== undefined && offer.role !== 'served') return { placements: [] };
    const built = offer?.own ?? listeners.ofSet(key);
    if (built === undefined) return { placements: [], absent: 'it does not exist' };
    const attaching = { kind: row.kind, namespace, hostnames: row.spec.hostnames ?? [] };
    const parents = built.map(({ parent }) => parent);
    const { attachments, denied } = attach(attaching, ref, parents);
    const placements = attachments.map(({ parent, hosts }) => ({
      gateway: parent.internalGateway,
      hosts,
      listenerHost: parent.hostname,
      isStream: parent.isStream,
      servicePort: 0,
      serviceNamespace: '',
    }));
    return { placements, outcome: { ref, isMesh: false, attached: attachments.length, ...(denied && { denied }) } };
  };
  return graph.query(
    'gatewayApiPlacements',
    (route: string): Placed => {
      const row = rowOf(route);
      const refs = row?.spec.parentRefs ?? [];
      const found = refs.map((ref) => find(row as RouteRow, ref));
      const findings = found.flatMap(({ outcome, absent }, i): readonly Finding[] => {
        const denied = outcome?.denied?.message ?? absent;
        const ref = refs[i] as ParentReference;
        return denied === undefined
          ? []
          : [{ code: 'not-attached', message: `not attached to ${ref.kind ?? 'Gateway'} ${ref.name}: ${denied}`, field: `spec.parentRefs[${i}]` }];
      });
      return { placements: found.flatMap(({ placements }) => placements), parents: found.flatMap(({ outcome }) => outcome ?? []), findings };
    },
    { equals: isDeepStrictEqual },
  );
}
