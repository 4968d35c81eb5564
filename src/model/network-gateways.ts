/**
 * East-west gateways: addresses through which one network's workloads reach another's. From MeshNetworks and from Services with the label
 * topology.istio.io/network (SD-008, MC-037). https://istio.io/latest/docs/setup/install/multicluster/
 */
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../api/kubernetes.js';
import type { Graph } from '../graph/graph.js';
import type { Mesh } from './mesh.js';
import { NETWORK } from './workload.js';

export interface NetworkGateway {
  readonly network: string;
  /** '' when it stands for the whole network. */
  readonly clusterId: string;
  readonly address: string;
  readonly port: number;
}

const GATEWAY_PORT = 'networking.istio.io/gatewayPort';
const DEFAULT_PORT = 15443;

/** All gateways, sorted. Names instead of addresses are left out: EDS cannot carry them. */
export function defineNetworkGateways(graph: Graph, mesh: Pick<Mesh, 'rows'>): () => readonly NetworkGateway[] {
  const services = mesh.rows.of('Service');
  const labelled = services.index('networkLabel', (row) => (row.metadata.labels[NETWORK] === undefined ? [] : ['yes']));
  const gateways = graph.query(
    'networkGateways',
    (): readonly NetworkGateway[] => {
      const found: NetworkGateway[] = [];
      for (const row of mesh.rows.of('MeshNetworks').list().values()) {
        for (const [network, { gateways: entries }] of Object.entries(row.spec.networks ?? {})) {
          for (const { address, registryServiceName, port = DEFAULT_PORT } of entries ?? []) {
            const [name, namespace] = (registryServiceName ?? '').split('.');
            const service = name && namespace ? services.get(`${namespace}/${name}`) : undefined;
            const addresses = address === undefined ? externalAddresses(service) : [address];
            for (const each of addresses) found.push({ network, clusterId: '', address: each, port });
          }
        }
      }
      for (const row of labelled.get('yes').values()) {
        const network = row.metadata.labels[NETWORK] as string;
        const port = Number(row.metadata.labels[GATEWAY_PORT] ?? DEFAULT_PORT);
        for (const address of externalAddresses(row)) found.push({ network, clusterId: '', address, port });
      }
      return found
        .filter(({ address }) => /^[0-9.]+$|:/.test(address))
        .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port));
    },
    { equals: isDeepStrictEqual },
  );
  return () => gateways.get('');
}

function externalAddresses(row: Service | undefined): readonly string[] {
  if (row === undefined) return [];
  const { loadBalancer } = (row.status ?? {}) as { loadBalancer?: { ingress?: { ip?: string }[] } };
  return [...(loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []), ...(row.spec.externalIPs ?? [])];
}
