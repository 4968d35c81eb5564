/**
 * Facts about one workload that endpoints carry: identity, locality, canonical service, owner (SD-022 to SD-025, SD-062).
 */
import type { Node, Pod } from '../api/kubernetes.js';
import type { Labels } from './labels.js';
import type { Locality } from './service.js';

const REGION = 'topology.kubernetes.io/region';
const ZONE = 'topology.kubernetes.io/zone';
const SUBZONE = 'topology.istio.io/subzone';
const CLUSTER = 'topology.istio.io/cluster';
export const NETWORK = 'topology.istio.io/network';
const HOSTNAME = 'kubernetes.io/hostname';
const OLD_REGION = 'failure-domain.beta.kubernetes.io/region';
const OLD_ZONE = 'failure-domain.beta.kubernetes.io/zone';

export const NO_LOCALITY: Locality = { region: '', zone: '', subzone: '' };

/** Reads 'region/zone/subzone', missing parts are ''. */
export function parseLocality(text: string): Locality {
  const [region = '', zone = '', subzone = ''] = text.split('/');
  return { region, zone, subzone };
}

/** The label `istio-locality` (dots stand for slashes unless there are slashes), or undefined. */
export function labelledLocality(labels: Labels): Locality | undefined {
  const text = labels['istio-locality'];
  if (text === undefined || text === '') return undefined;
  return parseLocality(text.includes('/') ? text : text.replaceAll('.', '/'));
}

/** Locality of a node from its topology labels. */
export function nodeLocality(node: Node | undefined): Locality {
  if (node === undefined) return NO_LOCALITY;
  const { labels } = node.metadata;
  return { region: labels[REGION] ?? labels[OLD_REGION] ?? '', zone: labels[ZONE] ?? labels[OLD_ZONE] ?? '', subzone: labels[SUBZONE] ?? '' };
}

/** The labels that subsets and failoverPriority may name beyond the workload's own (SD-025). */
export function withTopology(labels: Labels, place: { clusterId: string; network: string; locality: Locality; nodeName: string }): Labels {
  const { region, zone, subzone } = place.locality;
  return {
    ...labels,
    ...(region !== '' && { [REGION]: region }),
    ...(zone !== '' && { [ZONE]: zone }),
    ...(subzone !== '' && { [SUBZONE]: subzone }),
    ...(place.clusterId !== '' && { [CLUSTER]: place.clusterId }),
    ...(place.network !== '' && { [NETWORK]: place.network }),
    ...(place.nodeName !== '' && { [HOSTNAME]: place.nodeName }),
  };
}

export const spiffeId = (trustDomain: string, namespace: string, account: string): string => `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`;

const WORKLOAD_NAME = 'service.istio.io/workload-name';

/** The workload that an entry, or a ServiceEntry's endpoint, is of: what its group is called, or its label says. */
export const entryWorkloadName = (name: string, labels: Labels, annotations: Labels = {}): string =>
  annotations['istio.io/autoRegistrationGroup'] ?? labels[WORKLOAD_NAME] ?? name;

/** What its label says, else the name of the Deployment (or other owner) behind a pod; the pod's own name without one. */
export function podWorkloadName(pod: Pod): string {
  const { name, labels, ownerReferences } = pod.metadata;
  if (labels[WORKLOAD_NAME] !== undefined) return labels[WORKLOAD_NAME];
  const owner = ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return name;
  const hash = labels['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) return owner.name.slice(0, -(hash.length + 1));
  if (owner.kind === 'Job') return owner.name.replace(/-\d{8,10}$/, '');
  return owner.name;
}

export const canonicalName = (labels: Labels, workload: string): string =>
  labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels['app'] ?? workload;

export const canonicalRevision = (labels: Labels): string =>
  labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels['version'] ?? 'latest';

/** Only the injected label says that a workload has a sidecar. */
export const tlsModeOf = (labels: Labels): 'istio' | 'disabled' => (labels['security.istio.io/tlsMode'] === 'istio' ? 'istio' : 'disabled');
