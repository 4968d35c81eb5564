/** A whole mesh: services with endpoints, and resources of every API over them. */
import { destinationRule } from './destination-rule.mjs';
import { addingFilter, envoyFilter } from './envoy-filter.mjs';
import { backendTlsPolicy, backendTrafficPolicy, k8sGateway, listenerSet, referenceGrant, routes } from './gateway-api.mjs';
import { ingress } from './ingress.mjs';
import { meshConfig, meshNetworks } from './mesh-config.mjs';
import { gateway, peerAuthentication, serviceEntry, sidecar } from './policies.mjs';
import { authorizationPolicy, requestAuthentication } from './security.mjs';
import { telemetry } from './telemetry.mjs';
import { address, boolean, constant, list, namespace, namespaces, need, oneof, option, pick, port, protocol, record, tuple } from './values.mjs';
import { delegate, virtualService } from './virtual-service.mjs';
import { proxyConfig, west, workloadEntry, workloadGroup } from './workloads.mjs';

const names = ['a', 'b', 'c', 'd'];

const servicePorts = list(
  need(['port'], { port, protocol, appProtocol: pick('http', 'kubernetes.io/h2c', 'tcp'), targetPort: pick(8080, 8081, 9000) }),
  3,
  1,
).map((ports) =>
  [...new Map(ports.map((one) => [one.port, one])).values()].map(({ protocol: speaks, ...one }, n) => ({
    ...one,
    name: `${speaks?.toLowerCase() ?? 'any'}-p${n}`,
  })),
);

const service = record({
  ports: servicePorts,
  kind: pick('ClusterIP', 'ClusterIP', 'ClusterIP', 'headless', 'ExternalName'),
  space: pick('app', 'app', 'other'),
  addresses: list(address, 3),
  ready: boolean(),
  annotations: pick({}, {}, { 'networking.istio.io/exportTo': '.' }, { 'networking.istio.io/traffic-distribution': 'PreferClose' }),
  stack: pick('IPv4', 'IPv4', 'dual', 'IPv6'),
  more: pick({}, {}, { internalTrafficPolicy: 'Local' }, { trafficDistribution: 'PreferClose' }, { publishNotReadyAddresses: true }),
});

function addressesOfService(stack, n) {
  const [four, six] = [`10.96.0.${n + 1}`, `fd00:96::${n + 1}`];
  if (stack === 'IPv4') return { clusterIP: four };
  return stack === 'IPv6' ? { clusterIP: six, clusterIPs: [six] } : { clusterIP: four, clusterIPs: [four, six] };
}

function resourcesOfService({ ports, kind, space, addresses, ready, annotations, stack, more }, n) {
  const name = names[n];
  const metadata = { name, namespace: space, annotations };
  const spec =
    kind === 'ExternalName'
      ? { type: 'ExternalName', externalName: n % 2 ? 'out.example.com' : 'a.app.svc.cluster.local', ports }
      : { ...(kind === 'headless' ? { clusterIP: 'None' } : addressesOfService(stack, n)), ...more, selector: { app: name }, ports };
  const sliceOf = (addressType, all) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-${addressType.toLowerCase()}`, namespace: space, labels: { 'kubernetes.io/service-name': name } },
    addressType,
    ports: ports.map((one) => ({ name: one.name, port: one.targetPort ?? one.port })),
    endpoints: all.map((ip, at) => ({ addresses: [ip], conditions: { ready: ready || at > 0 } })),
  });
  const four = [...new Set(addresses)];
  const slices = [
    ...(stack === 'IPv6' ? [] : [sliceOf('IPv4', four)]),
    ...(stack === 'IPv4'
      ? []
      : [
          sliceOf(
            'IPv6',
            four.map((ip) => ip.replace('10.1.0.', 'fd00:1::')),
          ),
        ]),
  ];
  return [{ apiVersion: 'v1', kind: 'Service', metadata, spec }, ...(kind === 'ExternalName' ? [] : slices)];
}

const pods = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5'].map((podIP, n) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `pod-${n}`,
    namespace: n < 4 ? 'app' : 'other',
    labels: {
      app: names[n % 4],
      version: `v${(n % 3) + 1}`,
      'istio-locality': n % 2 ? 'east.a' : 'west.b',
      ...(n !== 2 && { 'security.istio.io/tlsMode': 'istio' }),
    },
  },
  spec: { serviceAccountName: `sa-${n}`, containers: [{ name: 'app', image: 'none' }] },
  status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: 'True' }] },
}));

const ingressService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'ingress', namespace: 'istio-system' },
  spec: {
    clusterIP: '10.96.9.9',
    selector: { istio: 'ingressgateway' },
    ports: [
      { name: 'http', port: 80, targetPort: 8080 },
      { name: 'https', port: 443, targetPort: 8443 },
    ],
  },
};

const resource = ({ kind, apiVersion, spec }, name) =>
  record({ apiVersion, kind, name, namespace, spec }).map(({ name: called, namespace: space, ...rest }) => ({
    ...rest,
    metadata: { name: called, namespace: space },
  }));

const istio = tuple(
  list(resource(virtualService, pick('r1', 'r2', 'r3', 'r4')), 4),
  list(resource(delegate, pick('part-1', 'part-2')), 2),
  list(resource(destinationRule, pick('d1', 'd2', 'd3')), 3),
  list(resource(gateway, pick('shop', 'edge')), 2),
  list(resource(serviceEntry, pick('e1', 'e2')), 3),
  list(resource(sidecar, pick('s1', 's2')), 2),
);
const others = {
  security: tuple(
    list(resource(peerAuthentication, pick('p1', 'p2')), 2),
    list(resource(authorizationPolicy, pick('z1', 'z2', 'z3')), 3),
    list(resource(requestAuthentication, pick('j1', 'j2')), 2),
  ),
  gatewayApi: tuple(
    list(resource(k8sGateway, constant('public')), 2, 1),
    list(resource(listenerSet, constant('more')), 1),
    list(oneof(...routes.map((one) => resource(one, pick('h1', 'h2', 'h3')))), 5),
    list(resource(referenceGrant, pick('g1', 'g2')), 2),
    list(resource(backendTlsPolicy, pick('t1')), 2),
    list(resource(backendTrafficPolicy, pick('b1')), 1),
  ),
  ingress: tuple(list(resource(ingress, pick('i1', 'i2')), 3, 1)),
  telemetry: tuple(list(resource(telemetry, pick('t1', 't2', 't3')), 4, 1)),
  patches: tuple(list(resource(envoyFilter, pick('f1', 'f2', 'f3')), 3, 1), list(resource(addingFilter, constant('adds')), 1)),
  workloads: tuple(
    list(resource(workloadEntry, pick('w1', 'w2', 'w3')), 3),
    list(resource(workloadGroup, pick('w1')), 1),
    list(resource(proxyConfig, pick('c1')), 2),
  ),
};
/** Some APIs at a time, or meshes would be full of everything at once and no part of them plain. */
const apis = list(pick(...Object.keys(others)), 3).chain((names_) => tuple(istio, ...[...new Set(names_)].map((name) => others[name])));

/** All resources of a mesh, as YAML would have them. Some may be refused by validation: those count for nothing. */
const resources = tuple(list(service, 4, 1), apis).map(([services, all]) => {
  const own = services.flatMap(resourcesOfService);
  const unique = new Map(
    [...own, ...all.flat(2)].map((one) => [`${one.kind}/${one.apiVersion}/${one.metadata.namespace}/${one.metadata.name}`, one]),
  );
  return [...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })), ingressService, ...pods, ...unique.values()];
});

const node = (type, ip, name, space, labels, more = {}) => ({
  id: `${type}~${ip}~${name}.${space}~${space}.svc.cluster.local`,
  metadata: { NAMESPACE: space, NAME: name, LABELS: labels, INSTANCE_IPS: ip, CLUSTER_ID: 'Kubernetes', SERVICE_ACCOUNT: 'sa', ...more },
  locality: { region: 'east', zone: 'a' },
});

/** Who may be served: Istio's agent beside it, or a stock Envoy. */
const sidecarOf = (more) => node('sidecar', '10.1.0.1', 'pod-0', 'app', { app: 'a', version: 'v1' }, more);
const ingressGateway = (more) => node('router', '10.1.0.200', 'gateway', 'istio-system', { istio: 'ingressgateway' }, more);
const proxies = {
  sidecar: sidecarOf({ INTERCEPTION_MODE: 'REDIRECT' }),
  agent: sidecarOf({ ISTIO_VERSION: '1.29.0', DNS_CAPTURE: 'true', DNS_AUTO_ALLOCATE: 'true' }),
  tproxy: sidecarOf({ INTERCEPTION_MODE: 'TPROXY', HTTP10: '1', HTTP_PROXY_PORT: '15007', NETWORK: 'n1' }),
  dual: sidecarOf({ INSTANCE_IPS: '10.1.0.1,fd00:1::1' }),
  ipv6: node('sidecar', 'fd00:1::1', 'pod-0', 'app', { app: 'a', version: 'v1' }),
  unwrapped: node('sidecar', '10.1.0.5', 'pod-4', 'other', { app: 'a', version: 'v2' }, { INTERCEPTION_MODE: 'NONE' }),
  gateway: ingressGateway(),
  'gateway-dual': ingressGateway({ INSTANCE_IPS: '10.1.0.200,fd00:1::200', ISTIO_VERSION: '1.29.0', NETWORK: 'n2' }),
  'gateway-public': node('router', '10.1.0.201', 'public', 'app', { 'gateway.networking.k8s.io/gateway-name': 'public' }),
};
const kinds = Object.keys(proxies);
const served = tuple(pick('sidecar', 'agent', 'unwrapped'), pick('gateway', 'gateway-dual', 'gateway-public'), pick(...kinds)).map((names_) =>
  Object.fromEntries(names_.map((name) => [name, proxies[name]])),
);

/** A mesh with its settings and other clusters (`west`), and the nodes of the proxies to serve. */
export const mesh = record({
  resources,
  meshConfig: option(meshConfig),
  meshNetworks: option(meshNetworks),
  west: option(west),
  proxies: served,
});
