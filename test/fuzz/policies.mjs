/** DestinationRules, Sidecars, Gateways, ServiceEntries and PeerAuthentications. */
import {
  address,
  boolean,
  constant,
  duration,
  exportTo,
  host,
  labels,
  list,
  need,
  oneof,
  option,
  outsideHost,
  percent,
  pick,
  port,
  protocol,
  record,
  some,
  subset,
  tuple,
} from './values.mjs';

const istio = constant('networking.istio.io/v1');

const loadBalancer = oneof(
  some({ simple: pick('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'PASSTHROUGH', 'LEAST_CONN', 'UNSPECIFIED'), warmupDurationSecs: pick('10s') }),
  need(['simple'], {
    simple: pick('ROUND_ROBIN', 'LEAST_REQUEST'),
    warmup: need(['duration'], { duration, minimumPercent: pick(0, 10, 50), aggression: pick(1, 2.5) }),
  }),
  record({
    consistentHash: oneof(
      need(['httpHeaderName'], { httpHeaderName: pick('x-user'), ringHash: record({ minimumRingSize: pick(1, 1024, 8_000_000) }) }),
      need(['httpCookie'], {
        httpCookie: need(['name', 'ttl'], { name: pick('c'), path: pick('/'), ttl: pick('0s', '60s') }),
        maglev: record({ tableSize: pick(5, 65537) }),
      }),
      record({ useSourceIp: constant(true) }),
      record({ httpQueryParameterName: pick('q') }),
    ),
  }),
  record({
    simple: pick('ROUND_ROBIN'),
    localityLbSetting: oneof(
      record({ enabled: boolean() }),
      record({ distribute: constant([{ from: 'east/*', to: { 'east/a/*': 70, 'west/*': 30 } }]) }),
      record({ failover: constant([{ from: 'east', to: 'west' }]) }),
      record({ failoverPriority: pick(['version'], ['topology.kubernetes.io/region', 'version=v1']) }),
    ),
  }),
);
const connectionPool = some({
  tcp: some({
    maxConnections: pick(1, 100, 2_147_483_647),
    connectTimeout: duration,
    tcpKeepalive: some({ probes: pick(1, 9), time: pick('75s'), interval: pick('10s') }),
    maxConnectionDuration: duration,
    idleTimeout: duration,
  }),
  http: some({
    http1MaxPendingRequests: pick(1, 1024),
    http2MaxRequests: pick(1, 1024),
    maxRequestsPerConnection: pick(0, 1, 10),
    maxRetries: pick(1, 3),
    idleTimeout: duration,
    h2UpgradePolicy: pick('DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'),
    useClientProtocol: boolean(),
    maxConcurrentStreams: pick(1, 100),
  }),
});
const outlierDetection = some({
  consecutive5xxErrors: pick(0, 1, 7),
  consecutiveGatewayErrors: pick(0, 1, 7),
  splitExternalLocalOriginErrors: boolean(),
  consecutiveLocalOriginFailures: pick(0, 5),
  interval: pick('1s', '1m'),
  baseEjectionTime: pick('1s', '10m'),
  maxEjectionPercent: pick(0, 10, 100),
  minHealthPercent: pick(0, 50),
});
const tls = oneof(
  record({ mode: pick('DISABLE', 'ISTIO_MUTUAL') }),
  need(['mode'], {
    mode: constant('SIMPLE'),
    sni: pick('sni.example.com'),
    subjectAltNames: list(pick('one.example.com', 'spiffe://x/y'), 2),
    caCertificates: pick('/etc/hostname'),
    insecureSkipVerify: boolean(),
  }),
  need(['mode', 'clientCertificate', 'privateKey'], {
    mode: constant('MUTUAL'),
    clientCertificate: constant('/etc/hostname'),
    privateKey: constant('/etc/hostname'),
    caCertificates: pick('/etc/hostname'),
  }),
  record({ mode: constant('SIMPLE'), credentialName: pick('cert') }),
);
const parts = { loadBalancer, connectionPool, outlierDetection, tls };
const trafficPolicy = some({
  ...parts,
  portLevelSettings: list(need(['port'], { port: record({ number: port }), ...parts }), 2, 1),
  proxyProtocol: record({ version: pick('V1', 'V2') }),
  tunnel: need(['targetHost', 'targetPort'], { protocol: pick('CONNECT', 'POST'), targetHost: pick('far.example.com'), targetPort: pick(443) }),
  retryBudget: some({ percent: percent.map(Math.floor), minRetryConcurrency: pick(1, 3) }),
});
const subsets = list(need(['name'], { name: subset, labels: pick({ version: 'v1' }, { version: 'v2' }, { version: 'v9' }), trafficPolicy }), 3).map(
  (all) => [...new Map(all.map((one) => [one.name, one])).values()],
);

/** The kinds and what their specs can be. */
export const destinationRule = {
  kind: constant('DestinationRule'),
  apiVersion: istio,
  spec: need(['host'], { host, trafficPolicy, subsets, exportTo, workloadSelector: record({ matchLabels: labels }) }),
};

const serverTls = oneof(
  need(['mode', 'credentialName'], {
    mode: pick('SIMPLE', 'MUTUAL'),
    credentialName: pick('cert', 'other-cert'),
    minProtocolVersion: pick('TLSV1_2', 'TLSV1_3'),
    cipherSuites: pick(['ECDHE-RSA-AES128-GCM-SHA256']),
  }),
  record({ mode: constant('ISTIO_MUTUAL') }),
);
const gatewayHosts = list(oneof(outsideHost, pick('*', 'app/*', './one.example.com')), 2, 1).map((hosts) => [...new Set(hosts)]);
const server = oneof(
  record({ port: record({ number: pick(80, 8080), name: pick('http', 'http-two'), protocol: pick('HTTP', 'HTTP2', 'GRPC') }), hosts: gatewayHosts }),
  record({
    port: record({ number: pick(80), name: pick('http'), protocol: pick('HTTP') }),
    hosts: gatewayHosts,
    tls: record({ httpsRedirect: constant(true) }),
  }),
  record({
    port: record({ number: pick(443, 8443), name: pick('https', 'https-two'), protocol: pick('HTTPS') }),
    hosts: gatewayHosts,
    tls: serverTls,
  }),
  record({
    port: record({ number: pick(443, 15443), name: pick('tls'), protocol: pick('TLS') }),
    hosts: gatewayHosts,
    tls: oneof(record({ mode: pick('PASSTHROUGH', 'AUTO_PASSTHROUGH') }), serverTls),
  }),
  record({ port: record({ number: pick(9000, 443), name: pick('tcp'), protocol: pick('TCP', 'MONGO') }), hosts: gatewayHosts }),
);
export const gateway = {
  kind: constant('Gateway'),
  apiVersion: istio,
  spec: list(server, 4, 1).map((servers) => ({
    selector: { istio: 'ingressgateway' },
    servers: servers.map((one, n) => ({ ...one, port: { ...one.port, name: `${one.port.name}-${n}` } })),
  })),
};

const inlineEndpoints = (addresses) =>
  list(
    need(['address'], {
      address: addresses,
      labels,
      weight: pick(1, 5),
      locality: pick('east/a', 'west/b'),
      network: pick('n1'),
      serviceAccount: pick('sa'),
    }),
    3,
    1,
  );
const resolution = oneof(
  record({ resolution: constant('NONE') }),
  record({ resolution: constant('STATIC'), endpoints: inlineEndpoints(address) }),
  record({ resolution: constant('STATIC'), workloadSelector: record({ labels: pick({ app: 'a' }, { app: 'b' }) }) }),
  record({
    resolution: pick('DNS', 'DNS_ROUND_ROBIN'),
    endpoints: inlineEndpoints(pick('up.example.com', '10.1.0.9')).map((all) => all.slice(0, 1)),
  }),
  record({ resolution: pick('DNS', 'DNS_ROUND_ROBIN') }),
);
const entryPorts = list(need(['number', 'protocol'], { number: port, protocol, targetPort: pick(8080, 9090) }), 3, 1).map((ports) =>
  [...new Map(ports.map((one) => [one.number, one])).values()].map((one, n) => ({ ...one, name: `p${n}` })),
);
export const serviceEntry = {
  kind: constant('ServiceEntry'),
  apiVersion: istio,
  spec: tuple(
    list(outsideHost, 2, 1),
    entryPorts,
    resolution,
    option(list(pick('10.2.0.1', '10.2.0.2', '10.3.0.0/16', '2001:db8::1'), 2, 1)),
    option(pick('MESH_EXTERNAL', 'MESH_INTERNAL')),
    option(exportTo),
  ).map(([hosts, ports, how, addresses, location, exported]) => ({
    hosts: [...new Set(hosts)],
    ports,
    ...how,
    ...(addresses && { addresses: [...new Set(addresses)] }),
    ...(location && { location }),
    ...(exported && { exportTo: exported }),
  })),
};

const scopeHosts = list(pick('*/*', './*', 'app/*', 'other/a.other.svc.cluster.local', '~/*', '*/one.example.com'), 3, 1);
const egress = need(['hosts'], {
  hosts: scopeHosts,
  port: need(['number', 'protocol', 'name'], { number: pick(80, 9000, 3306), protocol, name: pick('e') }),
  bind: pick('127.0.0.1', '0.0.0.0'),
  captureMode: pick('DEFAULT', 'IPTABLES', 'NONE'),
});
const ingress = need(['port', 'defaultEndpoint'], {
  port: record({ number: pick(8080, 8081, 9980), protocol, name: pick('i') }),
  defaultEndpoint: pick('127.0.0.1:8080', '0.0.0.0:8081', 'unix:///var/run/app.sock'),
  bind: pick('10.1.0.1'),
  captureMode: pick('DEFAULT', 'NONE'),
  connectionPool,
  tls: constant({ mode: 'SIMPLE', privateKey: '/etc/hostname', serverCertificate: '/etc/hostname' }),
});
export const sidecar = {
  kind: constant('Sidecar'),
  apiVersion: istio,
  spec: some({
    workloadSelector: record({ labels }),
    egress: list(egress, 2, 1),
    ingress: list(ingress, 2, 1),
    outboundTrafficPolicy: record({ mode: pick('REGISTRY_ONLY', 'ALLOW_ANY') }),
    inboundConnectionPool: connectionPool,
  }),
};

export const peerAuthentication = {
  kind: constant('PeerAuthentication'),
  apiVersion: constant('security.istio.io/v1'),
  spec: oneof(
    some({ mtls: record({ mode: pick('STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET') }) }),
    record({
      selector: record({ matchLabels: pick({ app: 'a' }, { app: 'b' }) }),
      mtls: record({ mode: pick('STRICT', 'PERMISSIVE') }),
      portLevelMtls: record({ 8080: record({ mode: pick('DISABLE', 'STRICT', 'PERMISSIVE') }) }),
    }),
  ),
};
