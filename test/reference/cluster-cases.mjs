/** Networks and their gateways, as cases for the reference: each starts from a world and changes it. */
import { NETWORK, onNetworks, SPLIT, split, world } from './world.mjs';

const meshNetworks = (networks) => ({ networks });

export const CASES = {
  'one-network': () => world(),
  'one-network-three': () => world({ south: true }),
  'two-networks': () => split(),
  'three-networks': () => {
    const at = split({ south: true, networks: { ...SPLIT, south: 'south-net' } });
    at.south.gateway('south-net', ['198.51.100.3']);
    return at;
  },
  'two-clusters-on-one-network': () => {
    const at = split({ south: true, networks: { ...SPLIT, south: 'north-net' } });
    at.south.gateway('north-net', ['198.51.100.3']);
    return at;
  },
  'gateway-of-another-cluster': () => split({ south: true, networks: { ...SPLIT, south: 'north-net' } }),
  'several-addresses': () => {
    const at = world({ networks: SPLIT });
    at.own.gateway('main-net', ['198.51.100.1']);
    at.north.gateway('north-net', ['198.51.100.2', '198.51.100.3', '198.51.100.4']);
    return at;
  },
  'several-gateways': () => {
    const at = split();
    at.north.gateway('north-net', ['198.51.100.7'], { name: 'eastwest-2', port: 443, labels: { 'networking.istio.io/gatewayPort': '443' } });
    at.own.gateway('main-net', ['198.51.100.8', '198.51.100.9'], { name: 'eastwest-2' });
    return at;
  },
  'gateway-port-labels': () => {
    const at = world({ networks: SPLIT });
    at.north.gateway('north-net', ['198.51.100.2'], { port: 443, labels: { 'networking.istio.io/gatewayPort': 'none' } });
    at.own.gateway('main-net', ['198.51.100.1'], { port: 443 });
    return at;
  },
  'gateway-port-unreadable': () => {
    const at = world({ networks: SPLIT });
    at.north.gateway('north-net', ['198.51.100.2'], { labels: { 'networking.istio.io/gatewayPort': 'none' } });
    return at;
  },
  'gateway-external-ips': () => {
    const at = world({ networks: SPLIT });
    const service = at.north.gateway('north-net', [], { type: 'ClusterIP', externalIPs: ['198.51.100.2'] });
    delete service.status;
    at.own.gateway('main-net', ['198.51.100.1'], { externalIPs: ['198.51.100.20'] });
    return at;
  },
  'gateway-node-port': () => {
    const at = world({ networks: SPLIT });
    for (const [cluster, network, selector] of [
      [at.own, 'main-net', '{"topology.kubernetes.io/zone":"west-b"}'],
      [at.north, 'north-net', '{}'],
    ]) {
      const service = cluster.gateway(network, [], { type: 'NodePort', annotations: { 'traffic.istio.io/nodeSelector': selector } });
      service.spec.ports[0].nodePort = 32_443;
      delete service.status;
    }
    return at;
  },
  'gateway-hostname-unknown': () => {
    const at = world({ networks: SPLIT });
    at.own.gateway('main-net', ['198.51.100.1']);
    at.north.gateway('north-net', ['eastwest.invalid']);
    return at;
  },
  'gateway-pending': () => {
    const at = world({ networks: SPLIT });
    at.own.gateway('main-net', ['198.51.100.1']);
    at.north.gateway('north-net', []);
    return at;
  },
  'gateway-ipv6': () => {
    const at = split();
    at.north.gateway('north-net', ['2001:db8::7'], { name: 'eastwest-6' });
    return at;
  },
  'gateway-only-ipv6': () => {
    const at = world({ networks: SPLIT });
    at.own.gateway('main-net', ['198.51.100.1']);
    at.north.gateway('north-net', ['2001:db8::7']);
    return at;
  },
  'gateway-remote-class': () => {
    const at = world({ networks: SPLIT });
    at.own.add('gateway.networking.k8s.io/v1', 'GatewayClass', { name: 'istio-remote' }, { spec: { controllerName: 'istio.io/unmanaged-gateway' } });
    const listeners = [
      {
        name: 'cross',
        port: 15_443,
        protocol: 'TLS',
        tls: { mode: 'Passthrough', options: { 'gateway.istio.io/listener-protocol': 'auto-passthrough' } },
      },
      { name: 'other', port: 15_012, protocol: 'TLS', tls: { mode: 'Passthrough' } },
    ];
    at.own.add(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      { name: 'north', namespace: 'istio-system', labels: { [NETWORK]: 'north-net' } },
      {
        spec: { gatewayClassName: 'istio-remote', addresses: [{ type: 'IPAddress', value: '198.51.100.2' }], listeners },
      },
    );
    return at;
  },
  'no-gateways': () => world({ networks: SPLIT }),
  'proxy-without-network': () => {
    const at = split();
    for (const { metadata } of at.proxies) delete metadata.NETWORK;
    return at;
  },
  'pod-labels': () => {
    const at = world();
    for (const name of ['v2', 'plain-north', 'db-0']) at.north.find('Pod', name).metadata.labels[NETWORK] = 'north-net';
    at.own.find('Pod', 'v9-kubernetes').metadata.labels[NETWORK] = 'main-net';
    at.own.gateway('main-net', ['198.51.100.1']);
    at.north.gateway('north-net', ['198.51.100.2']);
    onNetworks(at);
    return at;
  },
  'pod-label-beside-namespace': () => {
    const at = split();
    at.north.find('Pod', 'v9-north').metadata.labels[NETWORK] = 'main-net';
    at.own.find('Pod', 'v9-kubernetes').metadata.labels[NETWORK] = 'nowhere-net';
    return at;
  },
  'mesh-networks-registry': () => {
    const at = world();
    at.own.gateway('', ['198.51.100.1']);
    at.north.gateway('', ['198.51.100.2', '198.51.100.3']);
    const gateways = [{ registryServiceName: 'eastwest.istio-system.svc.cluster.local', port: 15_443 }];
    at.meshNetworks = meshNetworks({
      'main-net': { endpoints: [{ fromRegistry: 'Kubernetes' }], gateways },
      'north-net': { endpoints: [{ fromRegistry: 'north' }], gateways },
    });
    onNetworks(at);
    return at;
  },
  'mesh-networks-other-port': () => {
    const at = world();
    at.north.gateway('', ['198.51.100.2']);
    at.meshNetworks = meshNetworks({
      'north-net': {
        endpoints: [{ fromRegistry: 'north' }],
        gateways: [
          { registryServiceName: 'eastwest.istio-system.svc.cluster.local', port: 443 },
          { address: '198.51.100.9', port: 8443 },
        ],
      },
    });
    onNetworks(at);
    return at;
  },
  'mesh-networks-cidr': () => {
    const at = world();
    at.meshNetworks = meshNetworks({
      'main-net': { endpoints: [{ fromCidr: '10.1.0.0/16' }], gateways: [{ address: '198.51.100.1', port: 15_443 }] },
      'north-net': { endpoints: [{ fromCidr: '10.2.0.0/16' }], gateways: [{ address: '198.51.100.2', port: 15_443 }] },
      'far-net': { endpoints: [{ fromCidr: '10.2.0.2/31' }], gateways: [{ address: '198.51.100.3', port: 15_443 }] },
    });
    onNetworks(at);
    return at;
  },
  'mesh-networks-several': () => {
    const at = world({ networks: { north: 'label-net' } });
    at.own.gateway('', ['198.51.100.1']);
    at.north.gateway('label-net', ['198.51.100.2']);
    at.meshNetworks = meshNetworks({
      'a-net': {
        endpoints: [{ fromRegistry: 'Kubernetes' }, { fromRegistry: 'north' }],
        gateways: [
          { registryServiceName: 'eastwest.istio-system.svc.cluster.local', port: 15_443 },
          { address: '198.51.100.5', port: 15_443 },
        ],
      },
      'b-net': { endpoints: [{ fromCidr: '10.9.0.0/16' }], gateways: [{ address: 'gateway.invalid', port: 15_443 }] },
    });
    onNetworks(at, { Kubernetes: 'a-net', north: 'label-net' });
    return at;
  },
};
