/**
 * A mesh of several clusters, as the cases in cluster-cases.mjs vary it: `Kubernetes`, whose configuration holds, `north`, and where asked for `south`.
 * Each has the services that most meshes have: shared by all, of one alone, headless, and pods of them on nodes of its own region.
 */
const MUTUAL_TLS = { 'security.istio.io/tlsMode': 'istio' };
const HTTP = { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' };
const TCP = { name: 'tcp-db', port: 3306, targetPort: 3306, protocol: 'TCP' };
export const NETWORK = 'topology.istio.io/network';

/** What one cluster holds; `n` is in its addresses. */
export class Cluster {
  resources = [];
  #pods = 0;

  constructor(name, n, region) {
    Object.assign(this, { name, n, region });
  }

  add(apiVersion, kind, metadata, rest) {
    const made = { apiVersion, kind, metadata, ...rest };
    this.resources.push(made);
    return made;
  }

  find(kind, name) {
    return this.resources.find((one) => one.kind === kind && one.metadata.name === name);
  }

  remove(kind, name) {
    this.resources.splice(this.resources.indexOf(this.find(kind, name)), 1);
  }

  /** A name that no other cluster has. */
  own(name) {
    return `${name}-${this.name.toLowerCase()}`;
  }

  namespace(name, labels = {}) {
    return this.add('v1', 'Namespace', { name, labels });
  }

  /** On the first of the cluster's two zones, or the second where the pod's number is even. */
  pod(name, labels, { namespace = 'app', mutualTls = true, ready = true, address, spec = {} } = {}) {
    const ip = address ?? `10.${this.n}.0.${++this.#pods}`;
    const zone = this.#pods % 2 === 0 ? 'b' : 'a';
    return this.add(
      'v1',
      'Pod',
      { name, namespace, labels: { ...labels, ...(mutualTls && MUTUAL_TLS) } },
      {
        spec: { serviceAccountName: labels.app ?? name, nodeName: `node-${zone}`, containers: [{ name: 'app', image: 'none' }], ...spec },
        status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
      },
    );
  }

  service(name, host, { namespace = 'app', ports = [HTTP], labels = {}, selector = { app: name }, annotations = {}, ...spec } = {}) {
    const clusterIP = host === 'None' ? 'None' : `10.${90 + this.n}.0.${host}`;
    return this.add('v1', 'Service', { name, namespace, labels, annotations }, { spec: { type: 'ClusterIP', clusterIP, selector, ports, ...spec } });
  }

  /** An east-west gateway's Service; `at` are the balancer's addresses. */
  gateway(network, at, { name = 'eastwest', port = 15_443, labels = {}, ...more } = {}) {
    const made = this.service(name, 90, {
      namespace: 'istio-system',
      selector: { istio: 'eastwestgateway' },
      type: 'LoadBalancer',
      ports: [{ name: 'tls', port, targetPort: port, protocol: 'TCP' }],
      labels: { ...labels, ...(network && { [NETWORK]: network }) },
      ...more,
    });
    made.status = { loadBalancer: { ingress: at.map((one) => (/[a-z]/.test(one) && !one.includes(':') ? { hostname: one } : { ip: one })) } };
    return made;
  }

  /** What most cases have. */
  populate() {
    for (const zone of ['a', 'b'])
      this.add(
        'v1',
        'Node',
        {
          name: `node-${zone}`,
          labels: { 'topology.kubernetes.io/region': this.region, 'topology.kubernetes.io/zone': `${this.region}-${zone}` },
        },
        { status: { addresses: [{ type: 'ExternalIP', address: `203.0.${this.n}.${zone === 'a' ? 1 : 2}` }] } },
      );
    this.namespace('istio-system');
    this.namespace('app');
    this.namespace('other');
    this.service('echo', 1, { ports: [HTTP, TCP] });
    this.service('db', 'None', { ports: [TCP] });
    this.service(this.own('only'), 5);
    this.pod(`v${this.n}`, { app: 'echo', version: `v${this.n}` });
    // As of a Deployment: what selects the pods of all clusters confuses those of one name there.
    this.pod(this.own('v9'), { app: 'echo', version: 'v9' });
    this.pod(this.own('plain'), { app: 'echo', version: 'v9' }, { mutualTls: false });
    this.pod('db-0', { app: 'db' }, { spec: { hostname: 'db-0', subdomain: 'db' } });
    this.pod(this.own('only'), { app: this.own('only') });
    this.pod('client', { app: 'client' });
    this.pod('stranger', { app: 'stranger' }, { namespace: 'other' });
    this.pod('eastwest', { istio: 'eastwestgateway' }, { namespace: 'istio-system' });
    this.pod('ingress', { istio: 'ingressgateway' }, { namespace: 'istio-system' });
    return this;
  }

  /** The proxy of a pod. */
  proxy(name, { network, type = 'sidecar', ...metadata } = {}) {
    const {
      metadata: { namespace, labels },
      spec,
      status,
    } = this.find('Pod', name);
    return {
      name: `${this.name}-${name}`,
      id: `${type}~${status.podIP}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      metadata: {
        NAMESPACE: namespace,
        NAME: name,
        SERVICE_ACCOUNT: spec.serviceAccountName,
        CLUSTER_ID: this.name,
        ISTIO_VERSION: '1.29.0',
        INSTANCE_IPS: status.podIP,
        LABELS: labels,
        ...(network !== undefined && { NETWORK: network }),
        ...metadata,
      },
      locality: `${this.region}/${this.region}-${spec.nodeName.at(-1)}`,
    };
  }
}

/** Clusters, settings and proxies. Where `networks` has a name of a cluster, its root namespace and its proxies are on that network. */
export function world({ south = false, networks = {} } = {}) {
  const clusters = [new Cluster('Kubernetes', 1, 'west'), new Cluster('north', 2, 'east'), ...(south ? [new Cluster('south', 3, 'east')] : [])];
  const proxies = [];
  for (const cluster of clusters) {
    cluster.populate();
    const network = networks[cluster.name];
    if (network) cluster.find('Namespace', 'istio-system').metadata.labels = { [NETWORK]: network };
    proxies.push(
      cluster.proxy('client', { network }),
      cluster.proxy(`v${cluster.n}`, { network }),
      cluster.proxy('eastwest', { network, type: 'router', ...(network && { REQUESTED_NETWORK_VIEW: network }) }),
      cluster.proxy('ingress', { network, type: 'router' }),
    );
  }
  const [own, north, third] = clusters;
  own.add(
    'networking.istio.io/v1',
    'Gateway',
    { name: 'cross-network', namespace: 'istio-system' },
    {
      spec: {
        selector: { istio: 'eastwestgateway' },
        servers: [{ port: { number: 15_443, name: 'tls', protocol: 'TLS' }, tls: { mode: 'AUTO_PASSTHROUGH' }, hosts: ['*.local'] }],
      },
    },
  );
  return { own, north, south: third, clusters, proxies, mesh: {}, meshNetworks: undefined, mcs: [] };
}

/** A resource of Istio's networking API in the cluster whose configuration holds. */
export const networking = (at, kind, name, spec, namespace = 'app') => at.own.add('networking.istio.io/v1', kind, { name, namespace }, { spec });

export const SPLIT = { Kubernetes: 'main-net', north: 'north-net' };

/** Two clusters on two networks, each with a gateway. */
export function split(options = {}) {
  const at = world({ networks: SPLIT, ...options });
  at.own.gateway('main-net', ['198.51.100.1']);
  at.north.gateway('north-net', ['198.51.100.2']);
  return at;
}

/** What agents say when the injector told them. */
export function onNetworks(at, names = SPLIT) {
  for (const { metadata } of at.proxies) metadata.NETWORK = names[metadata.CLUSTER_ID];
}
