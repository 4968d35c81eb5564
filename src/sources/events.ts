/** What a source's changes are called in metrics, in istiod's words (MT-001, MT-003). */
import type { Kind } from '../api/kinds.js';

/** Kinds that istiod reads as the registry of services, not as configuration, as it calls them. */
const REGISTRY: Partial<Record<Kind, string>> = {
  Service: 'Services',
  EndpointSlice: 'EndpointSlice',
  Pod: 'Pods',
  Node: 'Nodes',
  Namespace: 'Namespaces',
};

const TRIGGERS: Partial<Record<Kind, string>> = {
  EndpointSlice: 'endpoint',
  Pod: 'endpoint',
  WorkloadEntry: 'endpoint',
  Service: 'service',
  ServiceEntry: 'service',
  Namespace: 'namespace',
  Secret: 'secret',
  MeshConfig: 'global',
  MeshNetworks: 'networks',
};

/** Name of a kind of the registry; undefined for configuration. */
export const registryName = (kind: Kind): string | undefined => REGISTRY[kind];

/** Why a change of this kind causes a push. */
export const triggerOf = (kind: Kind): string => TRIGGERS[kind] ?? 'config';

/** What an update concerns. */
export function updateOf(kind: Kind, event: 'set' | 'delete'): 'config' | 'eds' | 'svc' | 'svcdelete' {
  const trigger = triggerOf(kind);
  if (trigger === 'endpoint') return 'eds';
  if (trigger !== 'service') return 'config';
  return event === 'delete' ? 'svcdelete' : 'svc';
}
