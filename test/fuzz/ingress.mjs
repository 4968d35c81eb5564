/** Kubernetes Ingresses. */
import { constant, list, need, oneof, option, outsideHost, pick, port, record, serviceName, tuple } from './values.mjs';

const backend = record({
  service: tuple(serviceName, oneof(record({ number: port }), record({ name: pick('http-p0', 'any-p0', 'missing') }))).map(([name, which]) => ({
    name,
    port: which,
  })),
});
const path = need(['pathType', 'backend'], {
  path: pick('/', '/a', '/a/', '/a/*', '/x.y', '/(z)'),
  pathType: pick('Exact', 'Prefix', 'ImplementationSpecific'),
  backend,
});
export const ingress = {
  apiVersion: constant('networking.k8s.io/v1'),
  kind: constant('Ingress'),
  spec: tuple(
    list(tuple(option(outsideHost), list(path, 3, 1)), 2),
    option(backend),
    option(list(tuple(outsideHost, pick('cert', 'other-cert')), 2, 1)),
    pick('istio', 'istio', 'foreign', undefined),
  ).map(([rules, defaultBackend, tls, ingressClassName]) => ({
    ...(ingressClassName && { ingressClassName }),
    ...(defaultBackend && { defaultBackend }),
    rules: rules.map(([host, paths]) => ({ ...(host && { host }), http: { paths } })),
    ...(tls && { tls: tls.map(([host, secretName]) => ({ hosts: [host], secretName })) }),
  })),
};
