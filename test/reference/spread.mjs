/**
 * A random mesh of one cluster made one of two: `north` has most of its Services and pods as well, at addresses of its own, some with other ports, and
 * each cluster lacks some. Every second mesh has a network for each cluster.
 */
import { NETWORK } from './world.mjs';

const HELD = ['Namespace', 'Node', 'Service', 'EndpointSlice', 'Pod'];
const moved = (value) =>
  JSON.parse(
    JSON.stringify(value)
      .replace(/10\.1\.0\./g, '10.2.0.')
      .replace(/10\.96\./g, '10.97.')
      .replace(/fd00:96::/g, 'fd00:97::')
      .replace(/fd00:1::/g, 'fd00:2::'),
  );
/** Deployments give pods names of their own; ours hold a service account and labels. */
const named = (name) => `${name}-north`;
const eastWest = (network, ips) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'eastwest', namespace: 'istio-system', labels: { [NETWORK]: network } },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.9.20',
    selector: { istio: 'eastwest' },
    ports: [{ name: 'tls', port: 15_443, targetPort: 15_443, protocol: 'TCP' }],
  },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

function ofNorth(resource, n) {
  const made = moved(resource);
  const { kind, metadata, spec } = made;
  if (kind === 'Pod') metadata.name = named(metadata.name);
  for (const { targetRef } of made.endpoints ?? []) if (targetRef) targetRef.name = named(targetRef.name);
  const service = kind === 'Service' ? metadata.name : metadata.labels?.['kubernetes.io/service-name'];
  if (service === undefined || spec?.type === 'ExternalName') return made;
  const chance = n + service.charCodeAt(0);
  if (chance % 4 === 0) {
    for (const port of spec?.ports ?? []) if (typeof port.targetPort === 'number') port.targetPort += 1000;
    for (const port of made.ports ?? []) port.port += 1000;
  }
  if (chance % 5 === 1) spec?.ports?.push({ name: 'tcp-more', port: 9900, targetPort: 9900, protocol: 'TCP' });
  return made;
}

/** Cases with `remote`, and proxies in both clusters. */
export function spread({ resources, proxies, ...rest }, n) {
  const isOf = ({ kind, metadata: { name, labels } }, at) =>
    kind === 'Service' ? name === at : kind === 'EndpointSlice' && labels?.['kubernetes.io/service-name'] === at;
  const services = resources.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name);
  const [lost, added] = [services[n % services.length], services[(n + 1) % services.length]];
  const north = resources.filter((one) => HELD.includes(one.kind) && !(n % 3 === 0 && isOf(one, lost))).map((one, index) => ofNorth(one, n, index));
  const entries = resources.filter(({ kind }) => kind === 'WorkloadEntry').filter((_, index) => (n + index) % 3 === 0);
  north.push(...entries);
  const own = resources.filter((one) => !entries.includes(one) && !(n % 3 === 1 && isOf(one, added)));
  const networks = n % 2 === 1 ? ['main-net', 'north-net'] : [];
  if (networks.length > 0) {
    for (const [index, all] of [own, north].entries()) {
      const system = all.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === 'istio-system');
      const labelled = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system', labels: { [NETWORK]: networks[index] } } };
      if (system) system.metadata.labels = { ...system.metadata.labels, ...labelled.metadata.labels };
      else all.push(labelled);
      all.push(eastWest(networks[index], [`198.51.100.${index}`, `198.51.100.1${index}`].slice(0, 1 + ((n >> 1) % 2))));
    }
  }
  const there = proxies.map((proxy) => {
    const { id, metadata } = moved(proxy);
    const [type, ip, name, domain] = id.split('~');
    const [pod, namespace] = name.split('.');
    const there = { ...metadata, NAME: named(pod), CLUSTER_ID: 'north' };
    return { ...proxy, name: named(proxy.name), id: [type, ip, `${named(pod)}.${namespace}`, domain].join('~'), metadata: there };
  });
  const all = [...proxies, ...there];
  for (const { metadata } of all) {
    delete metadata.NETWORK;
    if (networks.length > 0) metadata.NETWORK = networks[Number(metadata.CLUSTER_ID === 'north')];
  }
  return { ...rest, resources: own, remote: { north }, proxies: all };
}
