/** DestinationRules, and what their parts share with other kinds. */
import { boolean, constant, duration, exportTo, host, labels, list, need, oneof, percent, pick, port, record, some, subset } from './values.mjs';

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
      need(['httpCookie'], {
        httpCookie: need(['name'], { name: pick('c'), attributes: constant([{ name: 'SameSite', value: 'Strict' }, { name: 'Secure' }]) }),
        minimumRingSize: pick(1, 1024),
      }),
      record({ useSourceIp: constant(true) }),
      record({ httpQueryParameterName: pick('q') }),
    ),
  }),
  record({
    backendUtilization: some({
      errorUtilizationPenaltyPercent: pick(0, 50),
      metricNamesForComputingUtilization: pick(['named_metrics.queue']),
      weightExpirationPeriod: duration,
      weightStabilizationPeriod: duration,
      weightUpdatePeriod: duration,
    }),
  }),
  need(['zoneAwareLbSetting'], {
    simple: pick('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'),
    zoneAwareLbSetting: some({ enabled: boolean(), minClusterSize: pick(1, 6), failoverPriority: pick(['version']) }),
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
const pools = {
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
    http2KeepAlive: record({ interval: duration, timeout: duration }),
  }),
};
/** One of both is there; a client's own protocol and an upgrade exclude each other. */
export const connectionPool = oneof(need(['tcp'], pools), need(['http'], pools)).map(({ http, ...rest }) => ({
  ...rest,
  ...(http && { http: http.h2UpgradePolicy === 'UPGRADE' ? { ...http, useClientProtocol: false } : http }),
}));
const outlierDetection = some({
  consecutive5xxErrors: pick(0, 1, 7),
  consecutiveGatewayErrors: pick(0, 1, 7),
  splitExternalLocalOriginErrors: boolean(),
  consecutiveLocalOriginFailures: pick(0, 5),
  interval: pick('1s', '1m'),
  baseEjectionTime: pick('1s', '10m'),
  maxEjectionPercent: pick(0, 10, 100),
  minHealthPercent: pick(0, 50),
  consecutiveErrors: pick(0, 3),
  outlierDetectionHttpErrorCodes: pick([500, 429], [599]),
}).map(({ consecutiveLocalOriginFailures, ...rest }) => ({
  ...rest,
  ...(rest.splitExternalLocalOriginErrors && consecutiveLocalOriginFailures !== undefined && { consecutiveLocalOriginFailures }),
}));
const tls = oneof(
  record({ mode: pick('DISABLE', 'ISTIO_MUTUAL') }),
  need(['mode'], {
    mode: constant('SIMPLE'),
    sni: pick('sni.example.com'),
    subjectAltNames: list(pick('one.example.com', 'spiffe://x/y'), 2),
    caCertificates: pick('/etc/hostname', 'system'),
    caCrl: pick('/etc/hostname'),
  }),
  need(['mode'], { mode: constant('SIMPLE'), sni: pick('sni.example.com'), insecureSkipVerify: boolean() }),
  need(['mode', 'clientCertificate', 'privateKey'], {
    mode: constant('MUTUAL'),
    clientCertificate: constant('/etc/hostname'),
    privateKey: constant('/etc/hostname'),
    caCertificates: pick('/etc/hostname'),
  }),
  need(['mode', 'credentialName'], { mode: pick('SIMPLE', 'MUTUAL'), credentialName: pick('cert'), sni: pick('sni.example.com') }),
);
const parts = { loadBalancer, connectionPool, outlierDetection, tls };
const trafficPolicyParts = {
  ...parts,
  portLevelSettings: list(need(['port'], { port: record({ number: port }), ...parts }), 2, 1),
  tunnel: need(['targetHost', 'targetPort'], { protocol: pick('CONNECT', 'POST'), targetHost: pick('far.example.com'), targetPort: pick(443) }),
  retryBudget: some({ percent: percent.map(Math.floor), minRetryConcurrency: pick(1, 3), budgetInterval: duration }),
};
const { tunnel: _, ...untunnelled } = trafficPolicyParts;
const trafficPolicy = oneof(some(trafficPolicyParts), some({ ...untunnelled, proxyProtocol: record({ version: pick('V1', 'V2') }) }));
const subsets = list(need(['name'], { name: subset, labels: pick({ version: 'v1' }, { version: 'v2' }, { version: 'v9' }), trafficPolicy }), 3).map(
  (all) => [...new Map(all.map((one) => [one.name, one])).values()],
);

/** The kinds and what their specs can be. */
export const destinationRule = {
  kind: constant('DestinationRule'),
  apiVersion: istio,
  spec: oneof(
    need(['host'], { host, trafficPolicy, subsets, exportTo }),
    need(['host'], { host, trafficPolicy, subsets, exportTo: pick(['.']), workloadSelector: record({ matchLabels: labels }) }),
  ),
};
