/** A whole mesh: services with endpoints, and Istio's resources over them. */
import { destinationRule, gateway, peerAuthentication, serviceEntry, sidecar } from './policies.mjs';
import { address, boolean, list, namespace, namespaces, need, option, pick, port, protocol, record, tuple } from './values.mjs';
import { virtualService } from './virtual-service.mjs';

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
  canary: option(pick('app/a', 'other/b')),
}).map((one) => one);

function resourcesOfService({ ports, kind, space, addresses, ready }, n) {
  const name = names[n];
  const metadata = { name, namespace: space };
  const spec =
    kind === 'ExternalName'
      ? { type: 'ExternalName', externalName: n % 2 ? 'out.example.com' : 'a.app.svc.cluster.local', ports }
      : { clusterIP: kind === 'headless' ? 'None' : `10.96.0.${n + 1}`, selector: { app: name }, ports };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: space, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: ports.map((one) => ({ name: one.name, port: one.targetPort ?? one.port })),
    endpoints: [...new Set(addresses)].map((ip, at) => ({ addresses: [ip], conditions: { ready: ready || at > 0 } })),
  };
  return [{ apiVersion: 'v1', kind: 'Service', metadata, spec }, ...(kind === 'ExternalName' ? [] : [slice])];
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

const ingress = {
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

/** All resources of a mesh, as YAML would have them. Some may be refused by validation: those count for nothing. */
export const mesh = tuple(
  list(service, 4, 1),
  list(resource(virtualService, pick('r1', 'r2', 'r3', 'r4')), 4),
  list(resource(destinationRule, pick('d1', 'd2', 'd3')), 3),
  list(resource(gateway, pick('shop', 'edge')), 2),
  list(resource(serviceEntry, pick('e1', 'e2')), 3),
  list(resource(sidecar, pick('s1', 's2')), 2),
  list(resource(peerAuthentication, pick('p1', 'p2')), 2),
).map(([services, ...others]) => {
  const own = services.flatMap(resourcesOfService);
  const unique = new Map([...own, ...others.flat()].map((one) => [`${one.kind}/${one.metadata.namespace}/${one.metadata.name}`, one]));
  return [...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })), ingress, ...pods, ...unique.values()];
});

const node = (type, ip, name, space, labels, more = {}) => ({
  id: `${type}~${ip}~${name}.${space}~${space}.svc.cluster.local`,
  metadata: { NAMESPACE: space, NAME: name, LABELS: labels, INSTANCE_IPS: ip, CLUSTER_ID: 'Kubernetes', SERVICE_ACCOUNT: 'sa', ...more },
});

/** Who is served: a workload that also serves, one in another namespace without interception, a gateway. */
export const proxies = {
  sidecar: node('sidecar', '10.1.0.1', 'pod-0', 'app', { app: 'a', version: 'v1' }, { INTERCEPTION_MODE: 'REDIRECT' }),
  unwrapped: node('sidecar', '10.1.0.5', 'pod-4', 'other', { app: 'a', version: 'v2' }, { INTERCEPTION_MODE: 'NONE' }),
  gateway: node('router', '10.1.0.200', 'gateway', 'istio-system', { istio: 'ingressgateway' }),
};
