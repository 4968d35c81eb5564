/** The same for what has no Kubernetes behind it, for Multi-Cluster Services, and for what narrows a proxy's view. */
import { NETWORK, networking, split, world } from './world.mjs';

const PORTS = [
  { number: 80, name: 'http', protocol: 'HTTP' },
  { number: 3306, name: 'tcp', protocol: 'TCP' },
];
const MESH = { 'security.istio.io/tlsMode': 'istio' };
const entry = (at, name, spec) =>
  networking(at, 'ServiceEntry', name, { hosts: [`${name}.example`], ports: PORTS, location: 'MESH_INTERNAL', ...spec });
const ENDPOINTS = [
  { address: '10.1.9.1', network: 'main-net', labels: MESH },
  { address: '10.2.9.1', network: 'north-net', labels: MESH, weight: 3 },
  { address: '10.2.9.2', network: 'north-net', labels: MESH, locality: 'east/east-b', ports: { http: 8081 } },
  { address: '10.2.9.3', network: 'north-net' },
  { address: '10.9.9.1', labels: { ...MESH, [NETWORK]: 'north-net' } },
  { address: '10.9.9.2', network: 'nowhere-net', labels: MESH },
  { address: '10.9.9.3', labels: MESH },
];
const named = (prefix) => ENDPOINTS.map((one, n) => ({ ...one, address: `${prefix}${n}.example.com` }));
const workload = (cluster, name, labels, spec) =>
  cluster.add('networking.istio.io/v1', 'WorkloadEntry', { name, namespace: 'app' }, { spec: { labels, serviceAccount: 'vm', ...spec } });
const mcs = (cluster, kind, name, spec) => cluster.add('multicluster.x-k8s.io/v1alpha1', kind, { name, namespace: 'app' }, spec && { spec });
const imported = (cluster, name, ips) =>
  mcs(cluster, 'ServiceImport', name, { type: 'ClusterSetIP', ips, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });

export const ENTRY_CASES = {
  'entry-static': () => {
    const at = split();
    entry(at, 'static', { resolution: 'STATIC', endpoints: ENDPOINTS });
    entry(at, 'vip', { resolution: 'STATIC', addresses: ['240.1.1.1'], endpoints: ENDPOINTS });
    return at;
  },
  'entry-dns': () => {
    const at = split();
    entry(at, 'dns', { resolution: 'DNS', endpoints: named('a') });
    entry(at, 'robin', { resolution: 'DNS_ROUND_ROBIN', endpoints: named('b').slice(1, 2) });
    return at;
  },
  'entry-dns-gateway-names': () => {
    const at = world({ networks: { Kubernetes: 'main-net', north: 'north-net' } });
    at.own.gateway('main-net', ['198.51.100.1']);
    at.north.gateway('north-net', ['eastwest.invalid', '198.51.100.2']);
    entry(at, 'dns', { resolution: 'DNS', endpoints: named('a') });
    return at;
  },
  'entry-external': () => {
    const at = split();
    entry(at, 'out', { location: 'MESH_EXTERNAL', resolution: 'STATIC', endpoints: ENDPOINTS });
    entry(at, 'out-dns', { location: 'MESH_EXTERNAL', resolution: 'DNS' });
    return at;
  },
  'entry-no-address': () => {
    const at = split();
    workload(at.own, 'far', { app: 'vm' }, { network: 'north-net' });
    workload(at.own, 'near', { app: 'vm' }, { network: 'main-net' });
    workload(at.own, 'lost', { app: 'vm' }, { network: 'nowhere-net' });
    workload(at.own, 'here', { app: 'vm' }, { address: '10.1.9.9', network: 'main-net' });
    entry(at, 'vm', { resolution: 'STATIC', workloadSelector: { labels: { app: 'vm' } } });
    at.own.service('vm', 20);
    return at;
  },
  'entry-selects-pods': () => {
    const at = split();
    entry(at, 'pods', { resolution: 'STATIC', workloadSelector: { labels: { app: 'echo' } } });
    entry(at, 'few', { resolution: 'STATIC', workloadSelector: { labels: { app: 'only-north' } } });
    return at;
  },
  'workload-entries': () => {
    const at = split();
    workload(at.own, 'vm-1', { app: 'echo', version: 'vm' }, { address: '10.1.9.1' });
    workload(at.own, 'vm-2', { app: 'echo', version: 'vm' }, { address: '10.2.9.2', network: 'north-net', locality: 'east/east-c', weight: 4 });
    workload(at.own, 'vm-3', { app: 'echo', version: 'vm', [NETWORK]: 'north-net' }, { address: '10.2.9.3' });
    return at;
  },
  'remote-workload-entries': () => {
    const at = split();
    workload(at.north, 'vm-1', { app: 'echo', version: 'vm' }, { address: '10.2.9.1' });
    workload(at.north, 'vm-2', { app: 'echo', version: 'vm' }, { address: '10.1.9.2', network: 'main-net' });
    workload(at.north, 'vm-3', { app: 'vm' }, { address: '10.2.9.3', locality: 'east/east-a' });
    entry(at, 'vm', { resolution: 'STATIC', workloadSelector: { labels: { app: 'vm' } } });
    return at;
  },
  'entry-of-a-service': () => {
    const at = world();
    networking(at, 'ServiceEntry', 'echo', {
      hosts: ['echo.app.svc.cluster.local'],
      ports: [PORTS[0]],
      location: 'MESH_INTERNAL',
      resolution: 'STATIC',
      endpoints: [{ address: '10.9.9.3', labels: MESH, locality: 'south' }],
    });
    return at;
  },
  'mcs-discovery': () => {
    const at = split();
    at.mcs = ['discovery'];
    mcs(at.north, 'ServiceExport', 'echo');
    mcs(at.north, 'ServiceExport', 'db');
    return at;
  },
  'mcs-host': () => {
    const at = world({ south: true });
    at.mcs = ['host'];
    for (const cluster of [at.own, at.north]) {
      mcs(cluster, 'ServiceExport', 'echo');
      imported(cluster, 'echo', [`10.${100 + cluster.n}.0.1`]);
    }
    imported(at.own, 'only-north', ['10.101.0.2']);
    imported(at.north, 'only-north', ['10.102.0.2']);
    imported(at.own, 'only-kubernetes', ['10.101.0.3']);
    mcs(at.north, 'ServiceExport', 'only-north');
    imported(at.north, 'only-kubernetes', ['10.102.0.3']);
    mcs(at.own, 'ServiceImport', 'db', { type: 'Headless', ports: [] });
    imported(at.own, 'nothing', ['10.101.0.9']);
    return at;
  },
  'mcs-cluster-local': () => {
    const at = split();
    at.mcs = ['cluster-local'];
    for (const cluster of [at.own, at.north]) {
      mcs(cluster, 'ServiceExport', 'echo');
      imported(cluster, 'echo', [`10.${100 + cluster.n}.0.1`]);
    }
    rule(at, 'echo.app.svc.clusterset.local');
    networking(at, 'VirtualService', 'set', {
      hosts: ['echo.app.svc.clusterset.local'],
      http: [
        {
          route: [
            { destination: { host: 'echo.app.svc.clusterset.local' }, weight: 9 },
            { destination: { host: 'echo.app.svc.cluster.local' }, weight: 1 },
          ],
        },
      ],
    });
    return at;
  },
  sidecars: () => {
    const at = split();
    networking(at, 'Sidecar', 'default', { egress: [{ hosts: ['./echo.app.svc.cluster.local', './only-north.app.svc.cluster.local'] }] });
    networking(at, 'Sidecar', 'north-client', {
      workloadSelector: { labels: { app: 'client' } },
      egress: [{ port: { number: 9999, protocol: 'HTTP', name: 'http' }, hosts: ['app/echo.app.svc.cluster.local'] }, { hosts: ['./*'] }],
      outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    });
    return at;
  },
  'sidecar-ingress': () => {
    const at = world();
    networking(at, 'Sidecar', 'echo', {
      workloadSelector: { labels: { app: 'echo' } },
      ingress: [{ port: { number: 8080, protocol: 'HTTP', name: 'http' }, defaultEndpoint: '127.0.0.1:8081' }],
      egress: [{ hosts: ['*/*'] }],
    });
    return at;
  },
  'ingress-gateway': () => {
    const at = split();
    networking(at, 'Gateway', 'shop', {
      selector: { istio: 'ingressgateway' },
      servers: [
        { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
        { port: { number: 443, name: 'tls', protocol: 'TLS' }, tls: { mode: 'PASSTHROUGH' }, hosts: ['echo.example.com'] },
      ],
    });
    for (const cluster of [at.own, at.north])
      cluster.service('ingress', 91, {
        namespace: 'istio-system',
        selector: { istio: 'ingressgateway' },
        ports: [80, 443].map((port) => ({ name: `p${port}`, port, targetPort: cluster.n === 1 ? port : port + 8000, protocol: 'TCP' })),
      });
    networking(at, 'VirtualService', 'shop', {
      hosts: ['shop.example.com'],
      gateways: ['shop'],
      http: [
        { match: [{ uri: { prefix: '/north' } }], route: [{ destination: { host: 'only-north', port: { number: 80 } } }] },
        { route: [{ destination: { host: 'echo', port: { number: 80 } } }] },
      ],
    });
    networking(at, 'VirtualService', 'tls', {
      hosts: ['echo.example.com'],
      gateways: ['shop'],
      tls: [{ match: [{ sniHosts: ['echo.example.com'] }], route: [{ destination: { host: 'echo', port: { number: 3306 } } }] }],
    });
    return at;
  },
  'eastwest-own-hosts': () => {
    const at = split();
    networking(
      at,
      'DestinationRule',
      'all',
      { host: '*.local', subsets: [{ name: 'v9', labels: { version: 'v9' } }], trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } },
      'istio-system',
    );
    at.own.find('Gateway', 'cross-network').spec.servers[0].hosts = ['app/*.local', 'other/*', '*.example'];
    entry(at, 'static', { resolution: 'STATIC', endpoints: ENDPOINTS });
    return at;
  },
  'eastwest-without-view': () => {
    const at = split();
    for (const { metadata } of at.proxies) delete metadata.REQUESTED_NETWORK_VIEW;
    return at;
  },
  'client-without-cluster': () => {
    const at = split();
    at.proxies[0].metadata.CLUSTER_ID = 'elsewhere';
    delete at.proxies[1].metadata.CLUSTER_ID;
    return at;
  },
  'dual-stack-clients': () => {
    const at = split();
    at.north.gateway('north-net', ['2001:db8::7'], { name: 'eastwest-6' });
    at.proxies[0].metadata.INSTANCE_IPS = `${at.proxies[0].metadata.INSTANCE_IPS},2001:db8::1`;
    return at;
  },
  'policies-by-cluster': () => {
    const at = split();
    at.own.add(
      'security.istio.io/v1',
      'AuthorizationPolicy',
      { name: 'north', namespace: 'app' },
      {
        spec: { selector: { matchLabels: { app: 'echo' } }, rules: [{ from: [{ source: { principals: ['cluster.local/ns/app/sa/client'] } }] }] },
      },
    );
    at.mesh = { trustDomain: 'main.local', trustDomainAliases: ['north.local'] };
    return at;
  },
  'internal-traffic-policy': () => {
    const at = world();
    at.own.find('Service', 'echo').spec.internalTrafficPolicy = 'Local';
    at.north.find('Service', 'db').spec.publishNotReadyAddresses = true;
    at.north.find('Service', 'echo').spec.trafficDistribution = 'PreferClose';
    return at;
  },
};

function rule(at, host) {
  networking(at, 'DestinationRule', 'set', {
    host,
    subsets: [{ name: 'v9', labels: { version: 'v9' } }],
    trafficPolicy: { connectionPool: { http: { http1MaxPendingRequests: 7 } } },
  });
}
