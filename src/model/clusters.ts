/**
 * The clusters of the mesh: which there are, and on which network their workloads are (CL-004, CL-005). Rows of remote clusters carry the
 * cluster's name; the cluster whose configuration holds has its name from the control plane's settings.
 */
import { isDeepStrictEqual } from 'node:util';
import ipaddr from 'ipaddr.js';
import { keyIn } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import type { Mesh } from './mesh.js';
import type { ModelSettings } from './services.js';
import { NETWORK } from './workload.js';

/** Where a workload of a cluster is, unless it says so itself. */
export interface Place {
  readonly clusterId: string;
  /** Not the cluster whose configuration holds. */
  readonly isRemote: boolean;
  readonly trustDomain: string;
  /** Network of all workloads of the cluster, '' when none is known. */
  readonly network: string;
  /** Networks by address, where the cluster has none of its own. Blocks should not overlap; the widest comes first, as in Istio. */
  readonly blocks: readonly { readonly cidr: string; readonly network: string }[];
}

export interface Clusters {
  /** Of a remote cluster, or of the one whose configuration holds. */
  place(remote: string | undefined): Place;
  /** The remote cluster that a proxy is in; undefined for the one whose configuration holds, and for names that nobody knows. */
  remoteOf(clusterId: string): string | undefined;
  /** Name of a cluster. */
  nameOf(remote: string | undefined): string;
}

export function defineClusters(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>, settings: Pick<ModelSettings, 'clusterId'>): Clusters {
  const { rows } = mesh;
  const indexes = (['Service', 'Pod', 'EndpointSlice', 'Namespace'] as const).map((kind) =>
    rows.of(kind).index('cluster', ({ metadata: { cluster } }) => (cluster === undefined ? [] : [cluster])),
  );
  const isKnown = graph.query('isRemoteCluster', (name: string): boolean => indexes.some((index) => index.get(name).size > 0));
  const nameOf = (remote: string | undefined): string => remote ?? settings.clusterId;

  /** Key: remote cluster, '' for the other. */
  const place = graph.query(
    'place',
    (key: string): Place => {
      const remote = key === '' ? undefined : key;
      const { trustDomain, rootNamespace } = mesh.config();
      const labelled = rows.of('Namespace').get(keyIn(remote, `/${rootNamespace}`))?.metadata.labels[NETWORK] ?? '';
      const { network, blocks } = configured(nameOf(remote));
      return {
        clusterId: nameOf(remote),
        isRemote: remote !== undefined,
        trustDomain,
        network: labelled || network,
        blocks: labelled || network ? [] : blocks,
      };
    },
    { equals: isDeepStrictEqual },
  );
  /** What MeshNetworks says of a cluster (MC-037). */
  const configured = (name: string): Pick<Place, 'network' | 'blocks'> => {
    const networks = [...rows.of('MeshNetworks').list().values()].flatMap(({ spec }) => Object.entries(spec.networks ?? {}));
    const registered = networks.find(([, { endpoints }]) => (endpoints ?? []).some(({ fromRegistry }) => fromRegistry === name));
    const blocks = networks.flatMap(([network, { endpoints }]) =>
      (endpoints ?? []).flatMap(({ fromCidr }) => (fromCidr !== undefined && ipaddr.isValidCIDR(fromCidr) ? [{ cidr: fromCidr, network }] : [])),
    );
    return { network: registered?.[0] ?? '', blocks: blocks.sort((a, b) => bits(a.cidr) - bits(b.cidr) || (a.cidr < b.cidr ? -1 : 1)) };
  };

  return {
    place: (remote) => place.get(remote ?? ''),
    remoteOf: (clusterId) => (clusterId !== '' && clusterId !== settings.clusterId && isKnown.get(clusterId) ? clusterId : undefined),
    nameOf,
  };
}

const bits = (cidr: string): number => Number(cidr.slice(cidr.indexOf('/') + 1));

/** The network of an address that says nothing of it. */
export function networkAt({ network, blocks }: Place, address: string): string {
  if (network !== '' || blocks.length === 0 || !ipaddr.isValid(address)) return network;
  const ip = ipaddr.parse(address);
  return (
    blocks.find(({ cidr }) => {
      const [base, length] = ipaddr.parseCIDR(cidr);
      return base.kind() === ip.kind() && ip.match(base, length);
    })?.network ?? ''
  );
}
