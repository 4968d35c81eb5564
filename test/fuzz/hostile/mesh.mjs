/** A mesh that a hostile input is put into, and what a proxy is served of it. */
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { parseNode } from '../../../dist/model/proxy-node.js';
import { dumpConfig } from '../../../dist/server/config-dump.js';
import { addResources, createMesh } from '../../../dist/server/mesh-instance.js';
import { parseResources } from '../../../dist/sources/load.js';

const NAMESPACE = 'shop';
const metadata = { NAMESPACE, CLUSTER_ID: 'Kubernetes', SERVICE_ACCOUNT: 'web' };
export const proxies = [
  parseNode({
    id: `sidecar~10.1.0.1~web.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
    metadata: { ...metadata, LABELS: { app: 'web', version: 'v1' } },
  }),
  parseNode({ id: `router~10.1.0.2~gw.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`, metadata: { ...metadata, LABELS: { istio: 'ingressgateway' } } }),
];

/** What is there beside the input. */
export const base = parseResources(
  [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: {
        clusterIP: '10.96.0.10',
        selector: { app: 'web' },
        ports: [
          { name: 'http', port: 80, targetPort: 8080 },
          { name: 'tcp', port: 9000 },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: NAMESPACE, labels: { app: 'web', version: 'v1' } },
      spec: { containers: [] },
      status: { phase: 'Running', podIP: '10.1.0.1', podIPs: [{ ip: '10.1.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'gw', namespace: NAMESPACE },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [
          { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
          { port: { number: 9000, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
        ],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'gw', namespace: NAMESPACE },
      spec: {
        hosts: ['*'],
        gateways: ['gw'],
        http: [{ route: [{ destination: { host: 'web' } }] }],
        tcp: [{ route: [{ destination: { host: 'web', port: { number: 9000 } } }] }],
      },
    },
  ]
    .map((one) => JSON.stringify(one))
    .join('\n---\n'),
).resources;

/** Everything that both proxies are served; throws what translation throws. */
export function served(resources, settings = []) {
  const instance = createMesh();
  addResources(instance.mesh, [...settings, ...base, ...resources]);
  return proxies.map((proxy) => {
    instance.mesh.graph.transaction(() => instance.mesh.rows.proxies.set(proxy));
    return dumpConfig(instance.views, proxy.key, {});
  });
}

/** What Envoy would refuse a whole resource for: a regex that RE2 can't compile, matchers without text, lists that must not be empty. */
export function refusedByEnvoy(value, path = '') {
  if (Array.isArray(value)) return value.map((one, at) => refusedByEnvoy(one, `${path}[${at}]`)).find(Boolean);
  if (typeof value !== 'object' || value === null) return undefined;
  if (typeof value.regex === 'string' || typeof value.safeRegex?.regex === 'string') {
    const regex = value.regex ?? value.safeRegex.regex;
    try {
      RE2JS.compile(regex);
    } catch (error) {
      return `${path}: regex ${JSON.stringify(regex)}: ${error.message}`;
    }
    if (regex === '') return `${path}: an empty regex`;
  }
  for (const name of ['prefix', 'suffix', 'contains']) if (value[name] === '' && path.includes('Match')) return `${path}: empty ${name}`;
  return Object.entries(value)
    .map(([key, one]) => refusedByEnvoy(one, `${path}.${key}`))
    .find(Boolean);
}

/** Draws one of a list. */
export const oneOf = (list) => fc.nat(list.length - 1).map((at) => list[at]);
