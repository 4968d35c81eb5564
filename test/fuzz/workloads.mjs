/** Workloads outside of Kubernetes, proxies' settings, and what other clusters hold. */
import { address, boolean, constant, labels, list, need, pick, record, some, tuple } from './values.mjs';

const entry = need(['address'], {
  address: pick('10.3.0.1', '10.3.0.2', 'vm.example.com', '2001:db8::3'),
  labels: pick({ app: 'a' }, { app: 'b', version: 'v1' }, { app: 'c', 'security.istio.io/tlsMode': 'istio' }),
  ports: pick({ p0: 9090 }, { 'http-p0': 9091 }),
  weight: pick(1, 5),
  locality: pick('east/a', 'west/b/2'),
  network: pick('n1', 'n2', ''),
  serviceAccount: pick('sa'),
});
const istio = constant('networking.istio.io/v1');
export const workloadEntry = { apiVersion: istio, kind: constant('WorkloadEntry'), spec: entry };
export const workloadGroup = {
  apiVersion: istio,
  kind: constant('WorkloadGroup'),
  spec: record({
    metadata: record({ labels: pick({ app: 'a' }) }),
    template: some({ network: pick('n1'), serviceAccount: pick('sa'), ports: pick({ p0: 9090 }) }),
  }),
};
export const proxyConfig = {
  apiVersion: constant('networking.istio.io/v1beta1'),
  kind: constant('ProxyConfig'),
  spec: some({ concurrency: pick(0, 2), selector: record({ matchLabels: labels }), environmentVariables: constant({ ISTIO_META_HTTP10: '1' }) }),
};

/** Services `a` and `b` of `app` in a second cluster, on a network of its own or none. */
export const west = tuple(list(address, 3), boolean(), pick(80, 9000)).map(([addresses, networked, port]) =>
  ['a', 'b'].flatMap((name, n) => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'app' },
      spec: { clusterIP: `10.97.0.${n + 1}`, selector: { app: name }, ports: [{ name: 'http-p0', port }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'app', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http-p0', port: 8080 }],
      endpoints: [...new Set(addresses)].map((ip) => ({ addresses: [ip] })),
    },
    ...(networked
      ? [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system', labels: { 'topology.istio.io/network': 'n2' } } }]
      : []),
  ]),
);
