/**
 * The mesh that the reference was measured with: S services with one HTTP port and two pods each, all with the label of mutual TLS,
 * spread over ten namespaces; one VirtualService and no Sidecar, so that every proxy gets all services. One file per service, so that an
 * edit touches one small file. Names and addresses are those that the load driver's clients claim.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Number of namespaces. */
const NAMESPACES = 10;
/** The service that the VirtualService routes and that gets the new endpoint. */
const EDITED = 7;

const namespaceOf = (service) => `load-${service % NAMESPACES}`;
const podAddress = (pod) => `10.20.${pod >> 8}.${pod & 255}`;
const clusterAddress = (service) => `10.96.${service >> 8}.${service & 255}`;

const pod = (index, service) => `apiVersion: v1
kind: Pod
metadata:
  name: pod-${index}
  namespace: ${namespaceOf(service)}
  labels: { app: svc-${service}, version: v1, security.istio.io/tlsMode: istio }
spec:
  serviceAccountName: default
  containers: [{ name: app, ports: [{ containerPort: 8080 }] }]
status:
  phase: Running
  podIP: ${podAddress(index)}
  conditions: [{ type: Ready, status: "True" }]
`;

const endpoint = (address, service, index) =>
  `  - { addresses: [${address}], conditions: { ready: true }, targetRef: { kind: Pod, name: pod-${index}, namespace: ${namespaceOf(service)} } }\n`;

const slice = (service, extra = '') => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: svc-${service}-1
  namespace: ${namespaceOf(service)}
  labels: { kubernetes.io/service-name: svc-${service} }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
${endpoint(podAddress(2 * service), service, 2 * service)}${endpoint(podAddress(2 * service + 1), service, 2 * service + 1)}${extra}`;

const kubernetesService = (name, namespace, address, app) => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  type: ClusterIP
  clusterIP: ${address}
  selector: { app: ${app} }
  ports: [{ name: http, port: 80, targetPort: 8080, protocol: TCP }]
`;

const virtualService = (prefix) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: edited
  namespace: ${namespaceOf(EDITED)}
spec:
  hosts: [svc-${EDITED}.${namespaceOf(EDITED)}.svc.cluster.local]
  http:
  - match: [{ uri: { prefix: ${prefix} } }]
    route: [{ destination: { host: svc-${EDITED}.${namespaceOf(EDITED)}.svc.cluster.local } }]
  - route: [{ destination: { host: svc-${EDITED}.${namespaceOf(EDITED)}.svc.cluster.local } }]
`;

/** A service without endpoints; `name` must be new. */
const emptyService = (name) => kubernetesService(name, 'load-3', '10.97.0.1', name);

/** Everything of one service as the documents of one file. */
const serviceFile = (service) =>
  [
    kubernetesService(`svc-${service}`, namespaceOf(service), clusterAddress(service), `svc-${service}`),
    slice(service),
    pod(2 * service, service),
    pod(2 * service + 1, service),
  ].join('---\n');

/** The file of the edited service with one more endpoint. */
const withEndpoint = (address) => serviceFile(EDITED).replace(slice(EDITED), slice(EDITED, endpoint(address, EDITED, 2 * EDITED)));

/**
 * The edits of the phases: which file changes, to what text, and by what in which resource type a client sees that it has the change.
 * `turn` makes each one different from the one before.
 */
export const edits = (turn = 1) => [
  { phase: 'vs', file: 'virtual-service.yaml', text: virtualService(`/m-${turn}`), type: 'rds', marker: `/m-${turn}` },
  { phase: 'ep', file: `svc-${EDITED}.yaml`, text: withEndpoint(`10.77.0.${turn}`), type: 'eds', marker: `10.77.0.${turn}` },
  { phase: 'svc', file: 'new-service.yaml', text: emptyService(`new-${turn}`), type: 'cds', marker: `new-${turn}` },
];

/** Writes the mesh into a folder. */
export function writeMesh(folder, services) {
  mkdirSync(folder, { recursive: true });
  const namespaces = Array.from({ length: NAMESPACES }, (_, i) => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: load-${i}\n`);
  writeFileSync(join(folder, 'namespaces.yaml'), namespaces.join('---\n'));
  for (let service = 0; service < services; service++) writeFileSync(join(folder, `svc-${service}.yaml`), serviceFile(service));
  writeFileSync(join(folder, 'virtual-service.yaml'), virtualService('/m-0'));
}

/** Node id and metadata of client `index`, as the load driver makes them. */
export function nodeOf(index) {
  const service = index >> 1;
  const namespace = namespaceOf(service);
  const name = `pod-${index}`;
  return {
    id: `sidecar~${podAddress(index)}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: {
      NAMESPACE: namespace,
      NAME: name,
      SERVICE_ACCOUNT: 'default',
      LABELS: { app: `svc-${service}`, version: 'v1', 'security.istio.io/tlsMode': 'istio' },
      ISTIO_VERSION: '1.30.0',
      CLUSTER_ID: 'Kubernetes',
      INSTANCE_IPS: podAddress(index),
      MESH_ID: 'cluster.local',
      INTERCEPTION_MODE: 'REDIRECT',
      WORKLOAD_NAME: name,
    },
  };
}
