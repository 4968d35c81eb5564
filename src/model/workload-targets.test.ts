/** Which service ports a proxy has, by what is known of it (SD-063). */
import { describe, expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { DEFAULT_SETTINGS } from './define-mesh.js';
import type { McsPart } from './multi-cluster-services.js';
import type { ServiceTarget } from './scope.js';

const service = (name: string, ports: string, selector = '{ app: web }'): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: app }
spec: { clusterIP: 10.96.0.1, selector: ${selector}, ports: [${ports}] }
`;
const pod = `---
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: app, labels: { app: web } }
spec: { serviceAccountName: web, containers: [{ ports: [{ name: main, containerPort: 9090 }] }] }
status: { phase: Running, podIP: 10.0.0.1 }
`;
const slice = (name: string, conditions = '{ ready: true }'): string => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: app, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: 7000 }]
endpoints: [{ addresses: [10.0.0.1], conditions: ${conditions} }]
`;
const HTTP = '{ name: http, port: 80, targetPort: 8080 }';

function meshOf(text: string) {
  const { mesh } = createMesh();
  const { resources, problems } = parseResources(text, 'mesh.yaml');
  expect(problems).toEqual([]);
  addResources(mesh, resources);
  return mesh;
}
const at = (text: string): readonly string[] =>
  meshOf(text)
    .endpoints.targetsAt('10.0.0.1', 'Kubernetes')
    .map(({ service: key, port, targetPort }) => `${key} ${port} ${targetPort}`);
const labelled = (text: string, labels = { app: 'web' }): readonly string[] =>
  meshOf(text)
    .endpoints.targetsOfLabels('app', labels, 'Kubernetes')
    .map(({ portName, targetPort }) => `${portName} ${targetPort}`);

test('SD-063: a pod serves the services that select it, whatever slices say', () => {
  expect(at(service('web', HTTP) + service('other', HTTP, '{ app: other }') + pod + slice('other'))).toEqual(['k:app/web 80 8080']);
  expect(at(service('web', '{ name: http, port: 80, targetPort: main }, { name: gone, port: 81, targetPort: gone }') + pod)).toEqual([
    'k:app/web 80 9090',
  ]);
});

test('SD-063: a pod that no service selects serves those whose slices name it', () => {
  expect(at(service('other', HTTP, '{ app: other }') + pod + slice('other'))).toEqual(['k:app/other 80 7000']);
});

test('SD-063: two ports of a service that end at one port with one protocol are one', () => {
  const ports =
    '{ name: http-a, port: 80, targetPort: 8080 }, { name: http-b, port: 81, targetPort: 8080 }, { name: tcp, port: 82, targetPort: 8080 }';
  expect(at(service('web', ports) + pod)).toEqual(['k:app/web 80 8080', 'k:app/web 82 8080']);
});

test('SD-063: a proxy of which nothing is known serves what its labels say', () => {
  const ports = `${HTTP}, { name: named, port: 81, targetPort: main }, { name: plain, port: 82 }`;
  expect(labelled(service('web', ports))).toEqual(['plain 82', 'http 8080']);
  expect(labelled(service('web', ports), { app: 'other' })).toEqual([]);
  const mesh = meshOf(service('all', HTTP, '{}'));
  expect(mesh.endpoints.targetsOfLabels('app', {}, 'Kubernetes')).toEqual([]);
});

test('SD-019: an address in a slice without a reference means the pod of its namespace that has it', () => {
  const [endpoint] = meshOf(service('other', HTTP, '{ app: other }') + pod + slice('other')).endpoints.of('k:app/other', 'http');
  expect(endpoint).toMatchObject({ serviceAccount: 'spiffe://cluster.local/ns/app/sa/web', workloadName: 'web-1' });
});

test('SD-020: what is not ready and may be ending is not sent', () => {
  const of = (conditions: string) =>
    meshOf(service('web', HTTP, '{ app: web }') + slice('web', conditions))
      .endpoints.of('k:app/web', 'http')
      .map(({ health }) => health);
  expect(of('{ ready: false }')).toEqual([]);
  expect(of('{ ready: false, terminating: false }')).toEqual(['UNHEALTHY']);
});

describe('CL-003: a workload has the services of its own cluster', () => {
  const remotePod = pod.replace('10.0.0.1', '10.2.0.1');
  const of = (own: string, remote: string, mcs: readonly McsPart[] = []) => {
    const { mesh } = createMesh({ ...DEFAULT_SETTINGS, mcs });
    const loaded = [parseResources(own, 'own.yaml'), parseResources(remote, 'west.yaml', { cluster: 'west' })];
    expect(loaded.flatMap(({ problems }) => problems)).toEqual([]);
    addResources(
      mesh,
      loaded.flatMap(({ resources }) => resources),
    );
    const show = (targets: readonly ServiceTarget[]) =>
      targets.map(({ hostname, port, targetPort, protocol }) => `${hostname} ${port} ${targetPort} ${protocol}`);
    const { endpoints } = mesh;
    return {
      own: show(endpoints.targetsAt('10.0.0.1', 'Kubernetes')),
      west: show(endpoints.targetsAt('10.2.0.1', 'west')),
      labelled: show(endpoints.targetsOfLabels('app', { app: 'web' }, 'west')),
    };
  };

  test('with the ports that they have there', () => {
    const found = of(
      service('web', HTTP) + pod,
      service('web', '{ name: http, port: 80, targetPort: 9090 }, { name: tcp-more, port: 81 }') + remotePod,
    );
    expect(found.own).toEqual(['web.app.svc.cluster.local 80 8080 HTTP']);
    expect(found.west).toEqual(['web.app.svc.cluster.local 81 81 TCP', 'web.app.svc.cluster.local 80 9090 HTTP']);
    expect(found.labelled).toEqual(found.west);
  });

  test('and none that is elsewhere only', () => {
    expect(of(service('web', HTTP) + pod, remotePod)).toEqual({ own: ['web.app.svc.cluster.local 80 8080 HTTP'], west: [], labelled: [] });
    expect(of(pod, service('web', HTTP) + remotePod)).toMatchObject({ own: [], west: ['web.app.svc.cluster.local 80 8080 HTTP'] });
  });

  test('SD-061: a host of the cluster set where it is imported', () => {
    const imported = `---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: web, namespace: app }
spec: { type: ClusterSetIP, ips: [10.99.0.1], ports: [{ port: 80 }] }
`;
    const found = of(service('web', HTTP) + pod, service('web', HTTP) + remotePod + imported, ['host']);
    expect(found.own).toEqual(['web.app.svc.cluster.local 80 8080 HTTP']);
    expect(found.west).toEqual(['web.app.svc.cluster.local 80 8080 HTTP', 'web.app.svc.clusterset.local 80 8080 HTTP']);
  });
});
