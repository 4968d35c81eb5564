/**
 * What Mizzen reads of Kubernetes' own kinds. All are open: the API server knows the rest, files may carry it.
 * https://kubernetes.io/docs/reference/kubernetes-api/
 */
import type { Kind } from '../kinds.js';
import { any, bool, intWith, list, map, nullable, open, type Shape, str } from './shape.js';

const port = intWith({ min: 0, max: 65535 });
const text = nullable(str);
const texts = nullable(list(str));
const containers = nullable(
  list(open({ name: text, image: text, ports: nullable(list(open({ name: text, containerPort: port, protocol: text }))) })),
);
const service = nullable(open({ name: str, port: nullable(open({ name: text, number: port })) }));
const backend = open({ service });
const paths = nullable(list(open({ path: text, pathType: text, backend })));

/** Shapes of specs (or bodies, for the kinds without a spec). */
export const kubernetesShapes: Readonly<Partial<Record<Kind, Shape>>> = {
  Service: open({
    type: text,
    clusterIP: text,
    clusterIPs: texts,
    externalIPs: texts,
    externalName: text,
    selector: nullable(map(str)),
    ports: nullable(list(open({ name: text, port, protocol: text, appProtocol: text, targetPort: any, nodePort: nullable(port) }))),
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
        open({
          addresses: list(str),
          conditions: nullable(open({ ready: nullable(bool), serving: nullable(bool), terminating: nullable(bool) })),
          hostname: text,
          nodeName: text,
          zone: text,
          targetRef: nullable(open({ kind: text, name: text, namespace: text })),
        }),
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
    rules: nullable(list(open({ host: text, http: nullable(open({ paths })) }))),
  }),
};
