/**
 * Queries from the mesh to drafts of status, one per resource: an edit costs the drafts that it changes. What is in no draft is not ours to
 * write. Section 21 ST of the features.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../api/kinds.js';
import { keyOf, type Resource } from '../api/resource.js';
import type { Collection, Query } from '../graph/graph.js';
import type { GatewayListeners } from '../model/gateway-api/define-listeners.js';
import { ROUTE_KINDS } from '../model/gateway-api/define-routes.js';
import type { GatewayClassRow, GatewayRow, ListenerSetRow, RouteKind } from '../model/gateway-api/types.js';
import type { Mesh } from '../model/mesh.js';
import { definePolicyGateways } from './define-policy-gateways.js';
import type { StatusDraft } from './draft.js';
import { type GatewayAddresses, gatewayAddresses } from './gateway-addresses.js';
import { gatewayClassDraft } from './gateway-classes.js';
import { gatewayDraft } from './gateways.js';
import { type IngressPoints, ingressDraft, ingressPoints } from './ingresses.js';
import { listenerSetDraft } from './listener-sets.js';
import { isOurs, type OwnNames } from './ownership.js';
import { policyDraft } from './policies.js';
import { routeDraft } from './routes.js';
import { serviceEntryDraft } from './service-entries.js';

/** Kinds whose status the leader writes. */
export const STATUS_KINDS = [
  'GatewayClass',
  'K8sGateway',
  'ListenerSet',
  ...ROUTE_KINDS,
  'BackendTLSPolicy',
  'XBackendTrafficPolicy',
  'Ingress',
  'ServiceEntry',
] as const satisfies readonly Kind[];

/** Drafts by id; one that did not change is the same object. */
export type Statuses = ReadonlyMap<string, StatusDraft>;

/** Key is ''. */
export function defineStatuses(mesh: Mesh, names: OwnNames): Query<string, Statuses> {
  const { graph, rows, derived } = mesh;
  const { gatewayApi } = derived;
  const collection = (kind: Kind): Collection<Resource> => rows.of(kind) as unknown as Collection<Resource>;
  const policyGateways = definePolicyGateways(mesh);
  const attached = (internalGateway: string): number => gatewayApi.attached(internalGateway);

  /** Key of a Gateway. */
  const addresses = graph.query(
    'statusAddresses',
    (key: string): GatewayAddresses => {
      const found = gatewayApi.gateway(key);
      const ports = found === undefined ? [] : servedPorts(found);
      return gatewayAddresses(mesh, key.slice(0, key.indexOf('/')), found?.services ?? [], ports);
    },
    { equals: isDeepStrictEqual },
  );
  const points = graph.query('statusIngressPoints', (): IngressPoints => ingressPoints(mesh), { equals: isDeepStrictEqual });

  const makers: Readonly<Record<string, (row: Resource, key: string) => StatusDraft | undefined>> = {
    GatewayClass: (row) => gatewayClassDraft(row as GatewayClassRow),
    K8sGateway: (resource, key) => {
      const row = resource as GatewayRow;
      const listeners = gatewayApi.gateway(key);
      if (listeners === undefined || (listeners.role !== 'served' && listeners.role !== 'remote')) return undefined;
      const fault = parametersFault(row, (name) => rows.of('ConfigMap').has(name));
      const parts = { row, listeners, addresses: addresses.get(key), attached };
      return gatewayDraft({ ...parts, ...(fault !== undefined && { parametersFault: fault }) });
    },
    ListenerSet: (resource, key) => {
      const row = resource as ListenerSetRow;
      const gateway = gatewayApi.gatewayOfSet(key);
      const listeners = gateway === undefined ? undefined : gatewayApi.gateway(gateway);
      if (gateway === undefined || listeners === undefined || (listeners.role !== 'served' && listeners.role !== 'remote')) return undefined;
      return listenerSetDraft({ row, key, listeners, addresses: addresses.get(gateway), attached });
    },
    BackendTLSPolicy: (row) => policyDraft(row as never, gatewayApi.policy(row as never), policyGateways(row as never)),
    XBackendTrafficPolicy: (row) => policyDraft(row as never, gatewayApi.policy(row as never), []),
    Ingress: (row) => (derived.servesIngress(row as never) ? ingressDraft(row as never, points.get('')) : undefined),
    ServiceEntry: (row) => serviceEntryDraft(row as never, (host) => mesh.services.autoAddresses(row as never, host)),
    ...Object.fromEntries(ROUTE_KINDS.map((kind: RouteKind) => [kind, (row: Resource, key: string) => routeDraft(row, gatewayApi.route(kind, key))])),
  };

  /** Key: `kind namespace/name`. */
  const draft = graph.query(
    'status',
    (id: string): StatusDraft | undefined => {
      const space = id.indexOf(' ');
      const [kind, key] = [id.slice(0, space), id.slice(space + 1)];
      const row = collection(kind as Kind).get(key);
      if (row === undefined || row.metadata.cluster !== undefined) return undefined;
      const labels = rows.of('Namespace').get(`/${row.metadata.namespace}`)?.metadata.labels ?? {};
      // A class is for all control planes, which say the same of it.
      return kind === 'GatewayClass' || isOurs(row, labels, names) ? makers[kind]?.(row, key) : undefined;
    },
    { equals: isDeepStrictEqual },
  );
  return graph.query('statuses', (): Statuses => {
    const found = new Map<string, StatusDraft>();
    for (const kind of STATUS_KINDS)
      for (const row of collection(kind).list().values()) {
        const id = `${kind} ${keyOf(row)}`;
        const one = draft.get(id);
        if (one !== undefined) found.set(id, one);
      }
    return found;
  });
}

/** Ports of all listeners that are there, also of those that can't be served. */
function servedPorts({ own, sets }: GatewayListeners): readonly number[] {
  return [...own, ...[...sets.values()].flat()].map(({ parent }) => parent.port);
}

function parametersFault({ metadata, spec }: GatewayRow, hasConfigMap: (key: string) => boolean): string | undefined {
  const { parametersRef: ref } = (spec.infrastructure ?? {}) as { parametersRef?: { group?: string; kind?: string; name?: string } };
  if (ref === undefined) return undefined;
  if (ref.kind !== 'ConfigMap' || (ref.group ?? '') !== '') return `parametersRef must be a ConfigMap, not ${ref.group ?? ''}/${ref.kind ?? ''}`;
  return hasConfigMap(`${metadata.namespace}/${ref.name}`) ? undefined : `parametersRef: there is no ConfigMap ${metadata.namespace}/${ref.name}`;
}
