/**
 * Queries from Gateways and ListenerSets to listeners. Key of each is a Gateway: its own listeners and those of its ListenerSets are one list, in
 * which earlier ones win (GA-007, GA-024).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway } from '../../api/istio.js';
import { keyOf } from '../../api/resource.js';
import type { Collection, Graph } from '../../graph/graph.js';
import type { DerivedFinding } from '../derived-rows.js';
import { type GatewayRole, gatewayServices, isManaged, roleOf, serviceAccountName } from './classes.js';
import { defineNamespaces, type GatewayApiInputs } from './define-references.js';
import { type Finding, findingAt } from './finding.js';
import { chosenNamespaces } from './label-selector.js';
import { conflictReason, conflicts } from './listener-conflicts.js';
import { type BuiltListener, buildListener, conflictedOutcome, type ListenerContext, type ListenerOutcome } from './listeners.js';
import { ownerOf } from './names.js';
import { GATEWAY_GROUP, kindOf, namespaceOf, type References } from './references.js';
import type { GatewayClassRow, GatewayRow, Listener, ListenerSetRow } from './types.js';
import { byRouteAge } from './virtual-services.js';

/** Everything that one Gateway offers. */
export interface GatewayListeners {
  readonly role: GatewayRole;
  readonly isManaged: boolean;
  /** Host names of the Services in front of its proxies. */
  readonly services: readonly string[];
  readonly own: readonly BuiltListener[];
  /** By key of the ListenerSet. */
  readonly sets: ReadonlyMap<string, readonly BuiltListener[]>;
  readonly reported: readonly DerivedFinding[];
  /** What became of each listener in the order of its owner: of the Gateway by '', of ListenerSets by their keys. */
  readonly outcomes: ReadonlyMap<string, readonly ListenerOutcome[]>;
  /** Addresses that nothing can come of. */
  readonly addresses: readonly Finding[];
}

export interface Listeners {
  /** Of a Gateway; undefined when it does not exist. */
  of(gateway: string): GatewayListeners | undefined;
  /** Of a ListenerSet; undefined when it does not exist, or its Gateway does not take it. */
  ofSet(listenerSet: string): readonly BuiltListener[] | undefined;
  /** Of a ListenerSet: its Gateway, also when that does not take it; undefined when there is none, or the set does not exist. */
  gatewayOfSet(listenerSet: string): string | undefined;
  /** The row of one listener. */
  row(internalGateway: string): Gateway | undefined;
}

const PARENT = { group: GATEWAY_GROUP, kind: 'Gateway' };
const parentOf = ({ metadata, spec }: ListenerSetRow): string => `${namespaceOf(spec.parentRef, metadata.namespace)}/${spec.parentRef.name}`;

export function defineListeners(graph: Graph, inputs: GatewayApiInputs, references: References): Listeners {
  const { rows, settings } = inputs;
  const gateways = rows.of('K8sGateway') as unknown as Collection<GatewayRow>;
  const classes = rows.of('GatewayClass') as unknown as Collection<GatewayClassRow>;
  const sets = rows.of('ListenerSet') as unknown as Collection<ListenerSetRow>;
  const setsByGateway = sets.index('gateway', (row) => (kindOf(row.spec.parentRef, PARENT) === `${GATEWAY_GROUP}/Gateway` ? [parentOf(row)] : []));
  const namespaces = defineNamespaces(graph, inputs);

  const contextOf = (owner: GatewayRow | ListenerSetRow, listener: Listener, gateway: GatewayRow, services: readonly string[]): ListenerContext => {
    const frontend = gateway.spec.tls?.frontend;
    const perPort = frontend?.perPort?.find(({ port }) => port === listener.port);
    return {
      owner: { kind: `${GATEWAY_GROUP}/${owner.kind === 'ListenerSet' ? 'ListenerSet' : 'Gateway'}`, namespace: owner.metadata.namespace },
      labels: owner.metadata.labels,
      frontend: perPort === undefined ? frontend?.default : perPort.tls,
      references,
      secret: (namespace, name) => rows.of('Secret').get(`${namespace}/${name}`)?.spec,
      configMap: (namespace, name) => rows.of('ConfigMap').get(`${namespace}/${name}`)?.spec,
      namespaces,
      services,
      serviceAccount: serviceAccountName(gateway),
      gatewayNamespace: gateway.metadata.namespace,
    };
  };

  /** A port that no Service in front has can't be reached. Without any Service the proxies are reached directly. */
  const isOffered = (hostnames: readonly string[], port: number): boolean => {
    const front = hostnames.flatMap((hostname) => inputs.services.byHostname(hostname));
    return front.length === 0 || front.some(({ ports }) => ports.some((candidate) => candidate.port === port));
  };

  const listeners = graph.query(
    'gatewayApiListeners',
    (key: string): GatewayListeners | undefined => {
      const gateway = gateways.get(key);
      if (gateway === undefined) return undefined;
      const { spec } = gateway;
      const role = roleOf(spec.gatewayClassName, classes.get(`/${spec.gatewayClassName}`));
      const reported: DerivedFinding[] = [];
      const note = (row: GatewayRow | ListenerSetRow, findings: readonly Finding[]): void =>
        void reported.push(...findings.map((finding) => findingAt(row, finding)));
      const nothing = {
        role,
        isManaged: isManaged(spec),
        services: [],
        own: [],
        sets: new Map<string, readonly BuiltListener[]>(),
        reported,
        outcomes: new Map<string, readonly ListenerOutcome[]>(),
        addresses: [],
      };
      if (role !== 'served') {
        const finding = roleFinding(role, spec.gatewayClassName);
        if (finding !== undefined) note(gateway, [finding]);
        return nothing;
      }
      const front = gatewayServices(gateway, settings.domain);
      note(gateway, front.findings);
      if (spec.infrastructure !== undefined && settings.deploysGateways !== true)
        note(gateway, [{ code: 'unsupported', message: 'outside of Kubernetes nothing is deployed for a Gateway', field: 'spec.infrastructure' }]);
      if (spec.tls?.backend !== undefined)
        note(gateway, [{ code: 'unsupported', message: 'client certificates towards backends are not supported', field: 'spec.tls.backend' }]);
      const attached = [...setsByGateway.get(key).values()].sort(byRouteAge).filter((set) => {
        const allowed = chosenNamespaces(spec.allowedListeners?.namespaces ?? {}, gateway.metadata.namespace, 'None', namespaces);
        const isAllowed = allowed === '*' || allowed.includes(set.metadata.namespace);
        if (!isAllowed)
          note(set, [
            { code: 'not-attached', message: `Gateway ${key} takes no ListenerSets of namespace ${set.metadata.namespace}`, field: 'spec.parentRef' },
          ]);
        return isAllowed;
      });
      const all = [gateway, ...attached].flatMap((owner) => (owner.spec.listeners ?? []).map((listener, index) => ({ owner, listener, index })));
      const lost = conflicts(all.map(({ listener }) => listener));
      const own: BuiltListener[] = [];
      const bySet = new Map(attached.map((set) => [keyOf(set), [] as BuiltListener[]]));
      const outcomes = new Map(['', ...bySet.keys()].map((key) => [key, [] as ListenerOutcome[]]));
      for (const [i, { owner, listener, index }] of all.entries()) {
        const winner = all[lost.get(i) ?? -1];
        const told = outcomes.get(owner.kind === 'ListenerSet' ? keyOf(owner) : '');
        if (winner !== undefined) {
          const message = `listener ${winner.listener.name} of ${keyOf(winner.owner)} has this port and host already`;
          const reason = conflictReason(listener, winner.listener);
          const finding: Finding = { code: 'conflicted', message, field: `spec.listeners[${index}]`, reason };
          note(owner, [finding]);
          told?.push(conflictedOutcome(listener, finding));
          continue;
        }
        const { built, outcome, findings } = buildListener(owner, listener, index, contextOf(owner, listener, gateway, front.hostnames));
        note(owner, findings);
        told?.push(outcome);
        const isServed = isOffered(front.hostnames, listener.port ?? 0);
        if (built.gateway !== undefined && !isServed) {
          const message = `no Service in front of the Gateway has port ${listener.port}`;
          note(owner, [{ code: 'unresolved-reference', message, field: `spec.listeners[${index}].port` }]);
        }
        const reached = isServed ? built : { ...built, gateway: undefined };
        (owner.kind === 'ListenerSet' ? bySet.get(keyOf(owner)) : own)?.push(reached);
      }
      return { ...nothing, services: front.hostnames, own, sets: bySet, outcomes, addresses: front.findings };
    },
    { equals: isDeepStrictEqual },
  );

  const ofSet = graph.query(
    'gatewayApiListenerSet',
    (key: string): readonly BuiltListener[] | undefined => {
      const set = sets.get(key);
      return set === undefined ? undefined : listeners.get(parentOf(set))?.sets.get(key);
    },
    { equals: isDeepStrictEqual },
  );

  const row = graph.query(
    'gatewayApiGateway',
    (internalGateway: string): Gateway | undefined => {
      const owner = ownerOf(internalGateway);
      if (owner === undefined) return undefined;
      const found = [...(listeners.get(owner.key)?.own ?? []), ...(ofSet.get(owner.key) ?? [])];
      return found.find(({ parent }) => parent.internalGateway === internalGateway)?.gateway;
    },
    { equals: isDeepStrictEqual },
  );

  const gatewayOfSet = (key: string): string | undefined => {
    const set = sets.get(key);
    const isOfGateway = set !== undefined && kindOf(set.spec.parentRef, PARENT) === `${GATEWAY_GROUP}/Gateway`;
    return isOfGateway && gateways.has(parentOf(set)) ? parentOf(set) : undefined;
  };
  return { of: (key) => listeners.get(key), ofSet: (key) => ofSet.get(key), gatewayOfSet, row: (key) => row.get(key) };
}

function roleFinding(role: GatewayRole, className: string): Finding | undefined {
  if (role === 'unknown') return { code: 'unresolved-reference', message: `there is no GatewayClass ${className}`, field: 'spec.gatewayClassName' };
  if (role === 'ambient')
    return { code: 'unsupported', message: 'waypoints and east-west gateways of the ambient mode are not supported', field: 'spec.gatewayClassName' };
  return undefined;
}
