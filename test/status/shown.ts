/** Statuses of a mesh written in YAML, in a form that tests can state in a line. */
import { addResources, createMesh } from '../../src/server/mesh-instance.js';
import { parseResources } from '../../src/sources/load.js';
import type { Verdict } from '../../src/status/condition.js';
import { defineStatuses } from '../../src/status/define-statuses.js';
import type { StatusDraft } from '../../src/status/draft.js';

/** What a case says of a feature. */
export interface FeatureCase {
  /** Beside {@link BASE}. */
  readonly yaml: string;
  /** By `kind namespace/name`; what is not named is not looked at. `undefined`: nothing is said of it. */
  readonly status: Readonly<Record<string, readonly string[] | undefined>>;
  /** Part of the first VirtualService at `at`. */
  readonly serves?: object;
  /** A listener of Gateway shop/public, or 'mesh'. @default http */
  readonly at?: string;
}
export type FeatureCases = Readonly<Record<string, FeatureCase>>;

export const OK = 'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs';
export const LISTENER_OK = 'Accepted=True/Accepted Conflicted=False/NoConflicts Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs';
export const GATEWAY_OK = 'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs';

/** A Service with an endpoint for each port. */
export const service = (name: string, ports: readonly number[], more = '', namespace = 'shop'): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { clusterIP: 10.96.0.7, ports: [${ports.map((port) => `{ name: http-${port}, port: ${port} }`).join(', ')}]${more} }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: ${namespace}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [${ports.map((port) => `{ name: http-${port}, port: ${port}, protocol: TCP }`).join(', ')}]
endpoints: [{ addresses: [10.1.0.1], conditions: { ready: true } }]
`;
export const gatewayYaml = (listeners: string, more = '', name = 'public'): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: shop, generation: 3 }
spec: { gatewayClassName: istio, listeners: [${listeners}]${more} }
`;
export const HTTP = '{ name: http, port: 80, protocol: HTTP }';
/** A route of any kind to Gateway shop/public. */
export const routeYaml = (rules: string, { kind = 'HTTPRoute', parent = '{ name: public }', namespace = 'shop', more = '' } = {}): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: web, namespace: ${namespace} }
spec: { parentRefs: [${parent}], ${more}rules: [${rules}] }
`;
export const TO_WEB = 'backendRefs: [{ name: web, port: 80 }]';

/** Drafts by id. */
export function statusesOf(yaml: string) {
  const { mesh } = createMesh();
  const statuses = defineStatuses(mesh, () => new Set(['default']));
  const put = (text: string): void => {
    const { resources, problems } = parseResources(text, 'mesh.yaml');
    if (problems.length > 0) throw new Error(problems.map(({ message, field }) => `${field}: ${message}`).join('\n'));
    addResources(mesh, resources);
  };
  put(yaml);
  return { mesh, put, drafts: () => statuses.get('') };
}

/** Conditions, listeners, parents or ancestors, addresses: a line for each. */
export function shown(draft: StatusDraft | undefined): readonly string[] | undefined {
  if (draft === undefined) return undefined;
  const { addresses, attachedListenerSets: sets } = (draft.fields ?? {}) as { addresses?: { value: string }[]; attachedListenerSets?: number };
  return [
    ...(draft.conditions ? [line(draft.conditions)] : []),
    ...(draft.listeners ?? []).map(
      ({ name, attachedRoutes, conditions, kinds }) => `${name}: ${attachedRoutes} of ${kinds.join()} ${line(conditions)}`,
    ),
    ...(draft.parents ?? []).map(({ ref, conditions }) => `${ref.name}${ref.sectionName ? `/${ref.sectionName}` : ''}: ${line(conditions)}`),
    ...(draft.ancestors ?? []).map(({ ref, conditions }) => `${ref.kind} ${ref.name}: ${line(conditions)}`),
    ...(addresses ?? []).map(({ value }) => `at ${value}`),
    ...(sets === undefined ? [] : [`${sets} ListenerSets`]),
  ];
}

const line = (verdicts: readonly Verdict[]): string => verdicts.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' ');
