/**
 * East-west gateways: addresses through which one network's workloads reach another's (CL-007). From MeshNetworks, from Services with the label
 * topology.istio.io/network, and from Gateways of class istio-remote. https://istio.io/latest/docs/setup/install/multicluster/
 */
import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { MeshNetworks } from '../api/extensions.js';
import type { Service } from '../api/kubernetes.js';
import { nameKeyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import { defineExternalAddresses } from './external-addresses.js';
import type { GatewayRow } from './gateway-api/types.js';
import { kubernetesHostname } from './kubernetes-service.js';
import type { Labels } from './labels.js';
import type { Mesh } from './mesh.js';
import { NETWORK } from './workload.js';

export interface NetworkGateway {
  readonly network: string;
  /** '' when it stands for the whole network. */
  readonly clusterId: string;
  readonly address: string;
  readonly port: number;
}

export interface NetworkGateways {
  /** All with an IP address, sorted; those with a name as far as the name is resolved. */
  all(): readonly NetworkGateway[];
  /** Names instead of addresses, which somebody has to resolve, sorted. */
  hostnames(): readonly string[];
}

const GATEWAY_PORT = 'networking.istio.io/gatewayPort';
const DEFAULT_PORT = 15443;

export function defineNetworkGateways(graph: Graph, mesh: Pick<Mesh, 'rows' | 'clusters'>, settings: { readonly domain: string }): NetworkGateways {
  const { rows, clusters } = mesh;
  const services = rows.of('Service');
  const labelled = services.index('networkLabel', (row) => (row.metadata.labels[NETWORK] === undefined ? [] : ['yes']));
  const byName = services.index('gatewayName', (row) => [nameKeyOf(row)]);
  const remoteGateways = rows.of('K8sGateway').index('networkLabel', (row) => (row.metadata.labels[NETWORK] === undefined ? [] : ['yes']));
  const externalAddresses = defineExternalAddresses(rows);
  const ofService = (row: Service, network: string, port: number): NetworkGateway[] =>
    externalAddresses(row, port).map((at) => ({ network, clusterId: clusters.nameOf(row.metadata.cluster), ...at }));

  const fromMeshNetworks = (): NetworkGateway[] =>
    [...rows.of('MeshNetworks').list().values()].flatMap(({ spec }) =>
      Object.entries(spec.networks ?? {}).flatMap(([network, { endpoints = [], gateways = [] }]) =>
        gateways.flatMap(({ address, registryServiceName, port = DEFAULT_PORT }) => {
          if (address) return [{ network, clusterId: '', address, port }];
          return named(registryServiceName ?? '')
            .filter(({ metadata }) => !metadata.labels[NETWORK] && isRegistered(endpoints, clusters.nameOf(metadata.cluster)))
            .flatMap((row) => ofService(row, network, port));
        }),
      ),
    );
  /** Services of a full name (a label of their own counts more), or of `name.namespace`. */
  const named = (hostname: string): Service[] => {
    const [name = '', namespace = ''] = hostname.split('.');
    const isName = hostname === `${name}.${namespace}` || hostname === kubernetesHostname(name, namespace, settings.domain);
    return isName ? [...byName.get(`${namespace}/${name}`).values()] : [];
  };

  const fromServices = (): NetworkGateway[] =>
    [...labelled.get('yes').values()].flatMap((row) => {
      const { [NETWORK]: network = '', [GATEWAY_PORT]: text = '' } = row.metadata.labels;
      const port = /^\d{1,5}$/.test(text) ? Number(text) : DEFAULT_PORT;
      const listens = (row.spec.ports ?? []).some((own) => own.port === port);
      return network === '' || !listens ? [] : ofService(row, network, port);
    });

  const fromGateways = (): NetworkGateway[] =>
    [...remoteGateways.get('yes').values()].flatMap((row) => {
      const { addresses = [], listeners = [] } = row.spec as GatewayRow['spec'];
      const ports = listeners.flatMap((listener) => (isAutoPassthrough(listener, row.metadata.labels) ? (listener.port ?? []) : []));
      return addresses.flatMap(({ type = 'IPAddress', value: address = '' }) =>
        type === 'IPAddress' || type === 'Hostname'
          ? ports.map((port) => ({ network: row.metadata.labels[NETWORK] as string, clusterId: clusters.nameOf(undefined), address, port }))
          : [],
      );
    });

  const declared = graph.query(
    'declaredNetworkGateways',
    (): readonly NetworkGateway[] => [...fromMeshNetworks(), ...fromServices(), ...fromGateways()].sort(byAddress),
    { equals: isDeepStrictEqual },
  );
  const gateways = graph.query(
    'networkGateways',
    (): readonly NetworkGateway[] => {
      const found = declared
        .get('')
        .flatMap((gateway) =>
          isIP(gateway.address) !== 0
            ? [gateway]
            : (rows.hostAddresses.get(gateway.address)?.addresses ?? []).map((address) => ({ ...gateway, address })),
        );
      const seen = new Set<string>();
      return found.filter((gateway) => !seen.has(textOf(gateway)) && seen.add(textOf(gateway))).sort(byAddress);
    },
    { equals: isDeepStrictEqual },
  );
  const hostnames = graph.query(
    'networkGatewayHostnames',
    (): readonly string[] => [...new Set(declared.get('').flatMap(({ address }) => (isIP(address) === 0 ? [address] : [])))].sort(),
    { equals: isDeepStrictEqual },
  );
  return { all: () => gateways.get(''), hostnames: () => hostnames.get('') };
}

type Network = NonNullable<MeshNetworks['networks']>[string];
const isRegistered = (endpoints: NonNullable<Network['endpoints']>, cluster: string): boolean =>
  endpoints.some(({ fromRegistry }) => fromRegistry === cluster);

/** Listeners that route by SNI to anything behind them: by their own word, or by their port, which a label may name. */
function isAutoPassthrough({ port, tls }: NonNullable<GatewayRow['spec']['listeners']>[number], labels: Labels): boolean {
  if (tls === undefined) return false;
  return (
    tls.options?.['gateway.istio.io/listener-protocol'] === 'auto-passthrough' || String(port) === (labels[GATEWAY_PORT] ?? String(DEFAULT_PORT))
  );
}

const textOf = ({ network, clusterId, address, port }: NetworkGateway): string => `${network} ${clusterId} ${address} ${port}`;

function byAddress(a: NetworkGateway, b: NetworkGateway): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port || (textOf(a) < textOf(b) ? -1 : 1);
}
