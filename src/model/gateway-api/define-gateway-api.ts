/** Gateway API as derived rows: the queries of this folder put together (features section 15 GA). */
import { isDeepStrictEqual } from 'node:util';
import type { DestinationRule, Gateway } from '../../api/istio.js';
import { keyOf } from '../../api/resource.js';
import type { Collection, Graph } from '../../graph/graph.js';
import type { DerivedFinding, DerivedRows, RouterIdentity } from '../derived-rows.js';
import { type PolicyRow, type PolicyRules, type PolicyTarget, policyRules } from './backend-policies.js';
import { gatewayServices } from './classes.js';
import { defineListeners, type GatewayListeners } from './define-listeners.js';
import { defineReferences, type GatewayApiInputs } from './define-references.js';
import { defineRoutes, ROUTE_KINDS, type RouteOutcome } from './define-routes.js';
import { type Finding, findingAt } from './finding.js';
import { SERVICE, SERVICE_ENTRY } from './references.js';
import type { BackendTlsRow, BackendTrafficRow, GatewayRow, RouteKind } from './types.js';

const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

/** What became of each resource, for its status (GA-025). */
export interface GatewayApiOutcomes {
  /** Undefined where there is no such Gateway. */
  gateway(key: string): GatewayListeners | undefined;
  /** Key of the Gateway that a ListenerSet names, whether it takes it or not. */
  gatewayOfSet(listenerSet: string): string | undefined;
  route(kind: RouteKind, key: string): RouteOutcome;
  /** Routes at a listener. */
  attached(internalGateway: string): number;
  /** What is wrong with a policy. */
  policy(row: PolicyRow): readonly Finding[];
}

export function defineGatewayApi(graph: Graph, inputs: GatewayApiInputs): DerivedRows & { readonly outcomes: GatewayApiOutcomes } {
  const { rows, settings } = inputs;
  const references = defineReferences(inputs);
  const listeners = defineListeners(graph, inputs, references);
  const routes = defineRoutes(graph, inputs, references, listeners);
  const gateways = rows.of('K8sGateway') as unknown as Collection<GatewayRow>;
  const byService = gateways.index('service', (row) =>
    gatewayServices(row, settings.domain).hostnames.map((host) => `${host} ${row.metadata.namespace}`),
  );
  const tlsPolicies = (rows.of('BackendTLSPolicy') as unknown as Collection<BackendTlsRow>).index('namespace', (row) => [row.metadata.namespace]);
  const trafficPolicies = (rows.of('XBackendTrafficPolicy') as unknown as Collection<BackendTrafficRow>).index('namespace', (row) => [
    row.metadata.namespace,
  ]);

  const policyTarget = (kind: string, namespace: string, name: string): PolicyTarget | undefined => {
    if (kind === SERVICE) {
      const spec = rows.of('Service').get(`${namespace}/${name}`)?.spec;
      return spec && { hosts: [`${name}.${namespace}.svc.${settings.domain}`], ports: spec.ports ?? [] };
    }
    const spec = kind === SERVICE_ENTRY ? rows.of('ServiceEntry').get(`${namespace}/${name}`)?.spec : undefined;
    return spec && { hosts: spec.hosts, ports: (spec.ports ?? []).map((port) => ({ name: port.name, port: port.number })) };
  };
  const policies = graph.query(
    'gatewayApiPolicies',
    (namespace: string): PolicyRules =>
      policyRules([...tlsPolicies.get(namespace).values(), ...trafficPolicies.get(namespace).values()], {
        target: policyTarget,
        configMap: (ns, name) => rows.of('ConfigMap').get(`${ns}/${name}`)?.spec,
      }),
    { equals: isDeepStrictEqual },
  );

  /**
   * A Gateway is for the proxies behind its Service. Outside Kubernetes nobody makes one: then the label does that Kubernetes' own proxies have,
   * for a Gateway that is managed and in the proxy's namespace.
   */
  const gatewaysFor = ({ namespace, labels, services }: RouterIdentity): readonly Gateway[] => {
    const keys = new Set(services.flatMap((service) => [...byService.get(`${service.hostname} ${service.namespace}`).keys()]));
    const named = labels[GATEWAY_NAME];
    if (named !== undefined && listeners.of(`${namespace}/${named}`)?.isManaged === true) keys.add(`${namespace}/${named}`);
    return [...keys].flatMap((key) => rowsOf(listeners.of(key)));
  };
  const rowsOf = (offer: GatewayListeners | undefined): readonly Gateway[] =>
    offer === undefined ? [] : [...offer.own, ...[...offer.sets.values()].flat()].flatMap(({ gateway }) => gateway ?? []);

  const findings = graph.query(
    'gatewayApiFindings',
    (): readonly DerivedFinding[] => {
      const namespaces = new Set(
        [...rows.of('BackendTLSPolicy').list().values(), ...rows.of('XBackendTrafficPolicy').list().values()].map(
          ({ metadata }) => metadata.namespace,
        ),
      );
      return [
        ...[...gateways.list().keys()].flatMap((key) => listeners.of(key)?.reported ?? []),
        ...ROUTE_KINDS.flatMap((kind) => [...rows.of(kind).list().keys()].flatMap((key) => routes.findings(kind, key))),
        ...[...namespaces].sort().flatMap((namespace) => policies.get(namespace).findings.map(({ row, finding }) => findingAt(row, finding))),
        ...[...rows.of('UDPRoute').list().values()].map((row) =>
          findingAt(row, { code: 'unsupported', message: 'UDP is not supported', field: 'spec' }),
        ),
      ];
    },
    { equals: isDeepStrictEqual },
  );

  return {
    gateway: (key) => listeners.row(key),
    gatewaysFor,
    virtualService: (key) => routes.virtualService(key),
    virtualServicesOf: (gateway) => routes.virtualServicesOf(gateway),
    destinationRule: (key): DestinationRule | undefined => policies.get(key.slice(0, key.indexOf('/'))).rules.find((rule) => keyOf(rule) === key),
    destinationRulesIn: (namespace) => policies.get(namespace).rules,
    listenerSetsOf: (gateway) => [...(listeners.of(gateway)?.sets.keys() ?? [])],
    findings: () => findings.get(''),
    outcomes: {
      gateway: (key) => listeners.of(key),
      gatewayOfSet: (key) => listeners.gatewayOfSet(key),
      route: (kind, key) => routes.outcome(kind, key),
      attached: (internalGateway) => routes.attached(internalGateway),
      policy: (row) =>
        policies
          .get(row.metadata.namespace)
          .findings.flatMap((one) => (one.row.kind === row.kind && keyOf(one.row) === keyOf(row) ? [one.finding] : [])),
    },
  };
}
