/**
 * What Mizzen reads of Kubernetes' own kinds. All are open: the API server knows the rest, files may carry it.
 * https://kubernetes.io/docs/reference/kubernetes-api/
 */
import type { Kind } from '../kinds.js';
import { clusterIp, ingressHost, targetPort } from './checks.js';
import { any, bool, intWith, list, map, nullable, open, type Shape, str, strWith } from './shape.js';

const port = intWith({ min: 0, max: 65535 });
const text = nullable(str);
const texts = nullable(list(str));
const address = strWith({ checks: [clusterIp] });
const target: Shape = { ...any, nullable: true, checks: [targetPort] };
const containers = nullable(
  list(
    open({
      name: text,
      image: text,
      ports: nullable(list(open({ name: text, containerPort: port, protocol: text }, { required: ['containerPort'] }))),
    }),
  ),
);
const service = nullable(open({ name: str, port: nullable(open({ name: text, number: port })) }, { required: ['name'] }));
const backend = open({ service });
const paths = nullable(list(open({ path: text, pathType: text, backend }, { required: ['backend'] })));

/** Shapes of specs (or bodies, for the kinds without a spec). */
export const kubernetesShapes: Readonly<Partial<Record<Kind, Shape>>> = {
  ServiceExport: open({}),
  ServiceImport: open({ ips: texts }),
  Service: open({
    type: text,
    clusterIP: nullable(address),
    clusterIPs: nullable(list(address)),
    externalIPs: texts,
    externalName: text,
    selector: nullable(map(str)),
    ports: nullable(
      list(
        open(
          { name: text, port: intWith({ min: 1, max: 65535 }), protocol: text, appProtocol: text, targetPort: target, nodePort: nullable(port) },
          { required: ['port'] },
        ),
      ),
    ),
    publishNotReadyAddresses: nullable(bool),
    internalTrafficPolicy: text,
    trafficDistribution: text,
    ipFamilies: texts,
  }),
  EndpointSlice: open({
    addressType: text,
    ports: nullable(list(open({ name: text, port: nullable(port), protocol: text, appProtocol: text }))),
    endpoints: nullable(
      list(
        open(
          {
            addresses: list(str),
            conditions: nullable(open({ ready: nullable(bool), serving: nullable(bool), terminating: nullable(bool) })),
            hostname: text,
            nodeName: text,
            zone: text,
            targetRef: nullable(open({ kind: text, name: text, namespace: text })),
          },
          { required: ['addresses'] },
        ),
      ),
    ),
  }),
  Pod: open({
    serviceAccountName: text,
    nodeName: text,
    hostname: text,
    subdomain: text,
    hostNetwork: nullable(bool),
    containers,
    initContainers: containers,
  }),
  Secret: open({ type: text, data: nullable(map(text)), stringData: nullable(map(text)) }),
  ConfigMap: open({ data: nullable(map(text)) }),
  Ingress: open({
    ingressClassName: text,
    defaultBackend: nullable(backend),
    tls: nullable(list(open({ hosts: texts, secretName: text }))),
    rules: nullable(list(open({ host: nullable(strWith({ checks: [ingressHost] })), http: nullable(open({ paths })) }))),
  }),
};

const conditions = nullable(list(open({ type: text, status: text })));

/** Shapes of what is read of a status; files carry them too, when they were taken from a cluster. */
export const statusShapes: Readonly<Partial<Record<Kind, Shape>>> = {
  Pod: open({ phase: text, podIP: text, podIPs: nullable(list(open({ ip: str }, { required: ['ip'] }))), conditions }),
  ServiceEntry: open({ addresses: nullable(list(open({ value: text, host: text }))) }),
  WorkloadEntry: open({ conditions }),
};
