/** The same for services that differ between clusters, and for rules over them. */
import { networking, SPLIT, split, world } from './world.mjs';

const rule = (at, trafficPolicy, more = {}, name = 'echo') =>
  networking(at, 'DestinationRule', name, { host: `${name}.app.svc.cluster.local`, trafficPolicy, ...more });
const OUTLIERS = { consecutive5xxErrors: 2 };
const failover = (localityLbSetting) => ({ outlierDetection: OUTLIERS, loadBalancer: { localityLbSetting } });

export const TRAFFIC_CASES = {
  'services-differ': () => {
    const at = split();
    at.north.find('Service', 'echo').spec.ports = [
      { name: 'http', port: 80, targetPort: 9090, protocol: 'TCP' },
      { name: 'grpc', port: 7070, targetPort: 7070, protocol: 'TCP' },
    ];
    at.north.service('mixed', 7, { ports: [{ name: 'tcp', port: 80, targetPort: 80, protocol: 'TCP' }] });
    at.own.service('mixed', 'None', { ports: [{ name: 'tcp', port: 80, targetPort: 80, protocol: 'TCP' }] });
    at.own.pod('mixed', { app: 'mixed' });
    at.north.pod('mixed', { app: 'mixed' });
    // Whose service is in the other cluster only.
    for (const [cluster, other] of [
      [at.own, 'only-north'],
      [at.north, 'only-kubernetes'],
    ]) {
      cluster.pod('lonely', { app: other });
      at.proxies.push(cluster.proxy('lonely', { network: SPLIT[cluster.name] }));
    }
    at.north.find('Service', 'only-north').metadata.annotations = { 'networking.istio.io/exportTo': '.' };
    return at;
  },
  'external-name': () => {
    const at = split();
    at.own.add(
      'v1',
      'Service',
      { name: 'away', namespace: 'app' },
      { spec: { type: 'ExternalName', externalName: 'away.example.com', ports: [{ name: 'http', port: 80 }] } },
    );
    at.north.add(
      'v1',
      'Service',
      { name: 'alias', namespace: 'app' },
      { spec: { type: 'ExternalName', externalName: 'echo.app.svc.cluster.local' } },
    );
    at.north.service('away', 8);
    at.north.pod('away', { app: 'away' });
    return at;
  },
  'accounts-and-readiness': () => {
    const at = split();
    at.own.pod('v8', { app: 'echo', version: 'v8' }, { ready: false });
    at.north.pod('v8', { app: 'echo', version: 'v8' }, { ready: false, spec: { serviceAccountName: 'someone' } });
    at.mesh = { trustDomainAliases: ['old.local'] };
    rule(at, { outlierDetection: { ...OUTLIERS, minHealthPercent: 50 } });
    return at;
  },
  'cluster-local': () => {
    const at = split();
    at.mesh = { serviceSettings: [{ settings: { clusterLocal: true }, hosts: ['echo.app.svc.cluster.local', '*.istio-system.svc.cluster.local'] }] };
    return at;
  },
  'cluster-local-but-one': () => {
    const at = world();
    at.mesh = {
      serviceSettings: [
        { settings: { clusterLocal: true }, hosts: ['*.app.svc.cluster.local'] },
        { settings: { clusterLocal: false }, hosts: ['db.app.svc.cluster.local'] },
      ],
    };
    return at;
  },
  'locality-failover': () => {
    const at = split();
    rule(at, failover({ enabled: true }));
    return at;
  },
  'locality-failover-one-network': () => {
    const at = world({ south: true });
    rule(at, failover({ enabled: true, failover: [{ from: 'west', to: 'east' }] }));
    return at;
  },
  'locality-distribute': () => {
    const at = split();
    rule(at, failover({ distribute: [{ from: 'west/*', to: { 'west/*': 70, 'east/east-a/*': 30 } }] }));
    return at;
  },
  'failover-by-cluster': () => {
    const at = split({ south: true, networks: { ...SPLIT, south: 'north-net' } });
    rule(at, failover({ failoverPriority: ['topology.istio.io/network', 'topology.istio.io/cluster', 'topology.kubernetes.io/region', 'version'] }));
    return at;
  },
  'failover-by-label': () => {
    const at = world();
    rule(at, failover({ failoverPriority: ['topology.istio.io/cluster=north', 'version=v9'] }));
    return at;
  },
  'subsets-by-cluster': () => {
    const at = split();
    rule(at, undefined, {
      subsets: [
        { name: 'main', labels: { 'topology.istio.io/cluster': 'Kubernetes' } },
        { name: 'north', labels: { 'topology.istio.io/cluster': 'north' } },
        { name: 'net', labels: { 'topology.istio.io/network': 'north-net' } },
        { name: 'east', labels: { 'topology.kubernetes.io/region': 'east' } },
        { name: 'v9', labels: { version: 'v9' }, trafficPolicy: failover({ enabled: true }) },
        { name: 'none', labels: { version: 'v0' } },
      ],
    });
    networking(at, 'VirtualService', 'echo', {
      hosts: ['echo'],
      http: [{ route: ['main', 'north', 'v9'].map((subset, n) => ({ destination: { host: 'echo', subset }, weight: [50, 30, 20][n] })) }],
    });
    return at;
  },
  'rule-tls-disable': () => {
    const at = split();
    rule(at, { tls: { mode: 'DISABLE' } });
    rule(at, { tls: { mode: 'ISTIO_MUTUAL' } }, {}, 'db');
    rule(at, { portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'DISABLE' } }] }, {}, 'only-north');
    return at;
  },
  'peers-disable': () => {
    const at = split();
    at.own.add('security.istio.io/v1', 'PeerAuthentication', { name: 'default', namespace: 'app' }, { spec: { mtls: { mode: 'DISABLE' } } });
    return at;
  },
  'peers-strict': () => {
    const at = split();
    at.own.add('security.istio.io/v1', 'PeerAuthentication', { name: 'default', namespace: 'istio-system' }, { spec: { mtls: { mode: 'STRICT' } } });
    at.own.add(
      'security.istio.io/v1',
      'PeerAuthentication',
      { name: 'echo', namespace: 'app' },
      {
        spec: { selector: { matchLabels: { version: 'v2' } }, mtls: { mode: 'STRICT' }, portLevelMtls: { 8080: { mode: 'DISABLE' } } },
      },
    );
    return at;
  },
};
