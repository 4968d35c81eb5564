/**
 * Rows of Istio's kinds that other APIs stand for: Gateway API and Ingress. The queries for Gateways, VirtualServices and DestinationRules merge
 * them with the users' own; nothing below knows them apart. models.md §3.4.
 */
import type { DestinationRule, Gateway, VirtualService } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import type { Resource } from '../api/resource.js';

/** A service in front of a proxy. */
export interface FrontService {
  readonly hostname: string;
  readonly namespace: string;
}

/** A router, as far as the choice of its Gateways goes. */
export interface RouterIdentity {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Services that end at it. */
  readonly services: readonly FrontService[];
}

/** Like the reasons of Gateway API's own conditions. https://gateway-api.sigs.k8s.io/reference/spec/#routeconditionreason */
export type DerivedFindingCode =
  | 'not-attached'
  | 'unresolved-reference'
  | 'reference-not-permitted'
  | 'unsupported'
  | 'conflicted'
  | 'invalid'
  | 'host-not-owned';

/** Something in a resource that has not become part of a row. */
export interface DerivedFinding {
  readonly row: Resource;
  readonly code: DerivedFindingCode;
  readonly message: string;
  readonly path: FieldPath;
}

export interface DerivedRows {
  /** A Gateway row by `namespace/name`. */
  gateway(key: string): Gateway | undefined;
  /** Gateway rows for a router. */
  gatewaysFor(router: RouterIdentity): readonly Gateway[];
  virtualService(key: string): VirtualService | undefined;
  /** VirtualServices bound to a gateway: `namespace/name` or 'mesh'. */
  virtualServicesOf(gateway: string): readonly VirtualService[];
  destinationRule(key: string): DestinationRule | undefined;
  destinationRulesIn(namespace: string): readonly DestinationRule[];
  /** Keys of the ListenerSets that a Gateway of Gateway API takes, the oldest first. */
  listenerSetsOf(gateway: string): readonly string[];
  /** What is wrong with the resources that the rows stand for: references that lead nowhere, what is not supported. */
  findings(): readonly DerivedFinding[];
}

/** A Gateway row that a managed Gateway of Gateway API stands behind: it runs on a workload of its own. */
export const isManagedGateway = ({ metadata }: Gateway): boolean => Boolean(metadata.annotations['internal.istio.io/service-account-name']);

/** A row made from a listener of Gateway API. */
export const isGatewayApi = ({ metadata }: Gateway): boolean => metadata.annotations['internal.istio.io/gateway-semantics'] === 'gateway';
