/**
 * Objects of the API server cut down to what a mesh reads, as they come in: of a Pod a tenth stays, of a Secret the keys of certificates.
 * Fields that change without meaning (managed fields, heartbeats, resource versions) are cut too, so that they wake nobody.
 */
import type { KindInfo } from '../../api/kinds.js';
import type { ApiObject } from '../../kubernetes/api-object.js';

type Tree = Record<string, unknown>;
type Body = (object: ApiObject) => Tree;

const pick = (value: unknown, fields: readonly string[]): Tree => {
  const tree = (typeof value === 'object' && value !== null ? value : {}) as Tree;
  const kept: Tree = {};
  for (const field of fields) if (tree[field] !== undefined) kept[field] = tree[field];
  return kept;
};
const pickAll = (value: unknown, fields: readonly string[]): Tree[] | undefined =>
  Array.isArray(value) ? value.map((item) => pick(item, fields)) : undefined;
const defined = (tree: Tree): Tree => Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== undefined));

const CREDENTIAL_KEYS = ['cert', 'key', 'cacert', 'crl', 'tls.crt', 'tls.key', 'ca.crt', 'ca.crl', 'tls.ocsp-staple'];
/** Also the mesh's roots, which we keep in every namespace. */
const PUBLIC_KEYS = [...CREDENTIAL_KEYS, 'root-cert.pem'];
const PORT = ['name', 'containerPort', 'protocol'];
/** Overlays over what is deployed for a Gateway. */
const OVERLAYS = ['deployment', 'service', 'serviceAccount', 'horizontalPodAutoscaler', 'podDisruptionBudget'];

/** Of a ConfigMap with overlays the names of all keys stay, so that a wrong one can be told. */
function configMapData(value: unknown): Tree {
  const kept = pick(value, PUBLIC_KEYS);
  const overlays = pick(value, OVERLAYS);
  if (Object.keys(overlays).length === 0) return kept;
  const names = Object.keys(value as Tree).slice(0, MAX_KEYS);
  return { ...Object.fromEntries(names.map((name) => [name, ''])), ...kept, ...overlays };
}
const MAX_KEYS = 20;

const containersOf = (value: unknown): Tree[] | undefined =>
  Array.isArray(value)
    ? value.map((container: Tree) => defined({ ...pick(container, ['name', 'image', 'restartPolicy']), ports: pickAll(container['ports'], PORT) }))
    : undefined;

/** Spec (or body) and status by kind; all else keeps its spec and loses its status. */
const BODIES: Readonly<Record<string, Body>> = {
  Pod: ({ spec, status }) => {
    const pod = spec as Tree | undefined;
    return {
      spec: defined({
        ...pick(spec, ['serviceAccountName', 'nodeName', 'hostname', 'subdomain', 'hostNetwork']),
        containers: containersOf(pod?.['containers']),
        initContainers: containersOf(pod?.['initContainers']),
      }),
      status: defined({
        ...pick(status, ['phase', 'podIP', 'podIPs']),
        conditions: pickAll((status as Tree | undefined)?.['conditions'], ['type', 'status'])?.filter(({ type }) => type === 'Ready'),
      }),
    };
  },
  Node: ({ status }) => ({
    spec: {},
    status: {
      addresses: ((status as Tree | undefined)?.['addresses'] as unknown[] | undefined) ?? [],
      // Whether native sidecars may be injected.
      nodeInfo: pick((status as Tree | undefined)?.['nodeInfo'], ['kubeletVersion']),
    },
  }),
  Namespace: () => ({ spec: {} }),
  Service: ({ spec, status }) => ({ spec, status: pick(status, ['loadBalancer']) }),
  EndpointSlice: ({ addressType, ports, endpoints }) => ({
    addressType,
    ports: pickAll(ports, ['name', 'port', 'protocol', 'appProtocol']) ?? [],
    endpoints: (Array.isArray(endpoints) ? endpoints : []).map((one: Tree) =>
      defined({
        ...pick(one, ['addresses', 'conditions', 'hostname', 'nodeName', 'zone']),
        targetRef: one['targetRef'] === undefined ? undefined : pick(one['targetRef'], ['kind', 'name', 'namespace']),
      }),
    ),
  }),
  Secret: ({ type, data }) => ({ type, data: pick(data, CREDENTIAL_KEYS) }),
  ConfigMap: ({ data }) => ({ data: configMapData(data) }),
  ServiceAccount: () => ({}),
  ServiceEntry: ({ spec, status }) => ({ spec, status: pick(status, ['addresses']) }),
  WorkloadEntry: ({ spec, status }) => ({ spec, status: pick(status, ['conditions']) }),
};

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object as a row is made of it. Lists of Kubernetes' own kinds leave `kind` out, so it comes from the table. */
export function trimObject(object: ApiObject, info: KindInfo, version: string): Record<string, unknown> {
  const body = info.yamlKind === 'Gateway' ? undefined : BODIES[info.kind];
  const { metadata } = object;
  return {
    apiVersion: info.group === '' ? version : `${info.group}/${version}`,
    kind: info.yamlKind,
    metadata: defined({
      name: metadata.name,
      namespace: metadata.namespace,
      labels: metadata.labels,
      annotations: annotationsOf(metadata.annotations, info),
      generation: info.native ? undefined : metadata.generation,
      // An extension that changes is fetched anew by Envoy when this does.
      resourceVersion: info.kind === 'WasmPlugin' ? metadata.resourceVersion : undefined,
      creationTimestamp: metadata.creationTimestamp,
      // What is deployed for a Gateway goes with it.
      uid: info.kind === 'K8sGateway' ? metadata.uid : undefined,
      deletionTimestamp: metadata.deletionTimestamp,
      ownerReferences: metadata.ownerReferences,
    }),
    ...(body === undefined ? { spec: object['spec'] } : defined(body(object))),
  };
}

/** Of Kubernetes' own kinds only a mesh's annotations stay: others hold whole manifests, or the time of the last change. */
function annotationsOf(annotations: ApiObject['metadata']['annotations'], info: KindInfo): Readonly<Record<string, string>> | undefined {
  if (annotations === undefined) return undefined;
  const kept = Object.entries(annotations).filter(([key]) =>
    info.native && info.kind !== 'Ingress' ? /istio\.io\/|prometheus\.io\//.test(key) : key !== LAST_APPLIED,
  );
  return Object.fromEntries(kept);
}
