/** Sidecars, Gateways, ServiceEntries and PeerAuthentications. */
import { connectionPool } from './destination-rule.mjs';
import {
  address,
  constant,
  exportTo,
  labels,
  list,
  need,
  oneof,
  option,
  outsideHost,
  pick,
  port,
  protocol,
  record,
  some,
  subset,
  tuple,
} from './values.mjs';

const istio = constant('networking.istio.io/v1');

const tlsLimits = {
  minProtocolVersion: pick('TLS_AUTO', 'TLSV1_0', 'TLSV1_2', 'TLSV1_3'),
  maxProtocolVersion: pick('TLS_AUTO', 'TLSV1_3'),
  cipherSuites: pick(['ECDHE-RSA-AES128-GCM-SHA256'], ['ALL'], ['no-such-suite', 'AES128-SHA']),
  ecdhCurves: pick(['X25519', 'P-256']),
  subjectAltNames: list(pick('client.example.com', 'spiffe://x/client'), 2),
};
const file = constant('/etc/hostname');
const pins = { verifyCertificateSpki: pick(['MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=']), verifyCertificateHash: pick(['ab'.repeat(32)]) };
const serverTls = oneof(
  need(['mode', 'credentialName'], {
    ...tlsLimits,
    ...pins,
    mode: pick('SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'),
    credentialName: pick('cert', 'other-cert'),
  }),
  need(['mode', 'credentialNames'], { ...tlsLimits, mode: pick('SIMPLE', 'MUTUAL'), credentialNames: pick(['cert'], ['cert', 'other-cert']) }),
  need(['mode', 'credentialName'], {
    mode: pick('MUTUAL', 'OPTIONAL_MUTUAL'),
    credentialName: constant('cert'),
    caCertCredentialName: pick('cert-cacert'),
  }),
  need(['mode', 'serverCertificate', 'privateKey'], { ...tlsLimits, mode: constant('SIMPLE'), serverCertificate: file, privateKey: file }),
  need(['mode', 'serverCertificate', 'privateKey', 'caCertificates'], {
    ...tlsLimits,
    ...pins,
    mode: pick('MUTUAL', 'OPTIONAL_MUTUAL'),
    serverCertificate: file,
    privateKey: file,
    caCertificates: file,
    caCrl: file,
  }),
  need(['mode', 'tlsCertificates'], {
    ...tlsLimits,
    mode: constant('SIMPLE'),
    tlsCertificates: list(record({ serverCertificate: file, privateKey: file }), 2, 1),
  }),
  need(['mode'], { mode: constant('ISTIO_MUTUAL'), ...tlsLimits }),
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
  record({
    port: record({ number: pick(9443), name: pick('bound'), protocol: pick('HTTP') }),
    hosts: gatewayHosts,
    bind: pick('10.1.0.200', '0.0.0.0', '2001:db8::200'),
  }),
);
export const gateway = {
  kind: constant('Gateway'),
  apiVersion: istio,
  spec: list(server, 4, 1).map((servers) => ({
    selector: { istio: 'ingressgateway' },
    servers: servers.map((one, n) => ({ ...one, name: `s${n}`, port: { ...one.port, name: `${one.port.name}-${n}` } })),
  })),
};

const inlineEndpoints = (addresses) =>
  list(
    need(['address'], {
      address: addresses,
      labels,
      weight: pick(1, 5),
      locality: pick('east/a', 'west/b'),
      network: pick('n1', 'n2'),
      serviceAccount: pick('sa'),
    }),
    3,
    1,
  );
const socket = constant([{ address: 'unix:///var/run/app.sock' }]);
const resolution = oneof(
  record({ resolution: constant('NONE') }),
  record({ resolution: constant('STATIC'), endpoints: inlineEndpoints(address) }),
  record({ resolution: constant('STATIC'), workloadSelector: record({ labels: pick({ app: 'a' }, { app: 'b' }) }) }),
  record({
    resolution: pick('DNS', 'DNS_ROUND_ROBIN'),
    endpoints: inlineEndpoints(pick('up.example.com', '10.1.0.9')).map((all) => all.slice(0, 1)),
  }),
  record({ resolution: pick('DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS') }),
  record({ resolution: constant('STATIC'), endpoints: socket }),
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
    option(pick(['spiffe://cluster.local/ns/app/sa/x', 'san.example.com'])),
  ).map(([hosts, ports, how, addresses, location, exported, names]) => {
    const isDynamic = how.resolution === 'DYNAMIC_DNS';
    const isSocket = how.endpoints?.[0].address.startsWith('unix:') === true;
    const isWeb = (one) => ['HTTP', 'HTTP2', 'GRPC', 'TLS', 'HTTPS'].includes(one.protocol);
    const kept = isDynamic ? ports.map((one) => (isWeb(one) && one.protocol !== 'HTTPS' ? one : { ...one, protocol: 'HTTP' })) : ports;
    const distinct = [...new Set(hosts)];
    const isRange = (one) => one.includes('/');
    const given = (addresses ?? []).filter((one) => ['NONE', 'STATIC'].includes(how.resolution) || !isRange(one));
    return {
      hosts: isDynamic ? ['*.wild.example.com'] : kept.every(isWeb) ? distinct : distinct.slice(0, 1),
      ports: isSocket ? kept.slice(0, 1) : kept,
      ...how,
      ...(!isDynamic && given.length > 0 && { addresses: [...new Set(given)] }),
      ...(location && { location }),
      ...(exported && { exportTo: exported }),
      ...(names && { subjectAltNames: names }),
    };
  }),
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
}).map(({ tls, ...rest }) => ({ ...rest, ...(tls && ['HTTPS', 'TLS'].includes(rest.port.protocol) && { tls }) }));
/** One listener for a port. */
const byPort = (all) => [...new Map(all.map((one) => [one.port?.number, one])).values()];
/** The one without a port is the last. */
const portless = (all) => [...all.filter((one) => one.port), ...all.filter((one) => !one.port).slice(0, 1)];
export const sidecar = {
  kind: constant('Sidecar'),
  apiVersion: istio,
  spec: some({
    workloadSelector: record({ labels }),
    egress: list(egress, 3, 1).map((all) => portless(byPort(all))),
    ingress: list(ingress, 2, 1).map(byPort),
    outboundTrafficPolicy: need(['mode'], {
      mode: pick('REGISTRY_ONLY', 'ALLOW_ANY'),
      egressProxy: need(['host', 'port'], { host: pick('a.app.svc.cluster.local', 'one.example.com'), port: record({ number: port }), subset }),
    }).map(({ mode, egressProxy }) => ({ mode, ...(mode === 'ALLOW_ANY' && egressProxy && { egressProxy }) })),
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
