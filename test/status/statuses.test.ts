/** Statuses over the graph: what an edit costs, whose they are to write, and where Gateways are reached. */
import { describe, expect, jest, test } from '@jest/globals';
import { addResources, createMesh } from '../../src/server/mesh-instance.js';
import { nameRows } from '../../src/server/name-rows.js';
import { parseResources } from '../../src/sources/load.js';
import { defineHealth } from '../../src/status/define-health.js';
import { defineStatuses } from '../../src/status/define-statuses.js';
import { isOurs } from '../../src/status/ownership.js';
import { gatewayYaml, HTTP, routeYaml, service, shown, statusesOf, TO_WEB } from './shown.js';

const MANY = Array.from({ length: 30 }, (_, i) => routeYaml(`{ ${TO_WEB} }`).replace('name: web,', `name: r${i},`)).join('');

test('one edited route makes its own draft anew, and no other', () => {
  const it = statusesOf(gatewayYaml(HTTP) + service('web', [80]) + MANY);
  const before = it.drafts();
  it.put(routeYaml('{ backendRefs: [{ name: nowhere, port: 80 }] }').replace('name: web,', 'name: r7,'));
  const after = it.drafts();
  expect([...after].filter(([id, draft]) => before.get(id) !== draft).map(([id]) => id)).toEqual(['HTTPRoute shop/r7']);
});

test('messages of a faulty route name the place', () => {
  const it = statusesOf(gatewayYaml(HTTP) + routeYaml('{ backendRefs: [{ name: nowhere, port: 80 }] }'));
  const [, resolved] = it.drafts().get('HTTPRoute shop/web')?.parents?.[0]?.conditions ?? [];
  expect(resolved?.message).toBe('spec.rules[0].backendRefs[0]: there is no service nowhere.shop.svc.cluster.local');
});

describe('addresses (GA-026)', () => {
  const lines = (yaml: string) => shown(statusesOf(yaml).drafts().get('K8sGateway shop/public')) ?? [];
  const programmed = (yaml: string): string | undefined => /Programmed=(\S+)/.exec(lines(yaml)[0] ?? '')?.[1];

  test('without a load balancer it is the Service’s name', () =>
    expect(lines(gatewayYaml(HTTP) + service('public-istio', [80])).at(-1)).toBe('at public-istio.shop.svc.cluster.local'));

  test('an annotation asks for the cluster’s address', () => {
    const yaml = gatewayYaml(HTTP).replace('generation: 3', 'annotations: { networking.istio.io/address-type: IPAddress }');
    expect(lines(yaml + service('public-istio', [80])).at(-1)).toBe('at 10.96.0.7');
  });

  test.each([
    ['no Service', '', 'False/AddressNotUsable'],
    ['a Service without its port', service('public-istio', [81]), 'False/AddressNotUsable'],
    ['a Service without endpoints', service('public-istio', [80]).split('---\napiVersion: discovery')[0]!, 'False/AddressNotAssigned'],
    ['a load balancer in the making', service('public-istio', [80], ', type: LoadBalancer'), 'False/AddressNotAssigned'],
    ['a Service with endpoints', service('public-istio', [80]), 'True/Programmed'],
  ])('%s: Programmed=%s', (_, yaml, expected) => expect(programmed(gatewayYaml(HTTP) + yaml)).toBe(expected));

  test('GA-005: a Gateway on Services of others names them', () => {
    const yaml = gatewayYaml(HTTP, ', addresses: [{ type: Hostname, value: edge }]') + service('edge', [80]);
    expect(lines(yaml).at(-1)).toBe('at edge.shop.svc.cluster.local');
    expect(
      programmed(gatewayYaml(HTTP, ', addresses: [{ type: Hostname, value: edge.other.svc.cluster.local }]') + service('edge', [80], '', 'other')),
    ).toBe('False/AddressNotUsable');
  });
});

test('GA-001: remote Gateways say where they are, and Gateways of other classes nothing', () => {
  const it = statusesOf(
    gatewayYaml(HTTP, ', addresses: [{ type: IPAddress, value: 192.0.2.9 }]').replace('gatewayClassName: istio', 'gatewayClassName: istio-remote') +
      gatewayYaml(HTTP, '', 'other').replace('gatewayClassName: istio', 'gatewayClassName: nginx') +
      routeYaml(`{ ${TO_WEB} }`),
  );
  expect(shown(it.drafts().get('K8sGateway shop/public'))).toEqual(['Accepted=True/Accepted Programmed=True/Programmed', 'at 192.0.2.9']);
  expect(it.drafts().has('K8sGateway shop/other')).toBe(false);
  expect(shown(it.drafts().get('HTTPRoute shop/web'))).toEqual([]);
});

describe('GA-030: whose status it is to write', () => {
  const row = (labels = {}) => ({ metadata: { name: 'it', namespace: 'shop', labels, annotations: {} } }) as never;
  const canary = () => new Set(['canary', 'prod']);
  test.each([
    ['names the revision', row({ 'istio.io/rev': 'canary' }), {}, true],
    ['names a tag of it', row({ 'istio.io/rev': 'prod' }), {}, true],
    ['names another', row({ 'istio.io/rev': 'stable' }), { 'istio.io/rev': 'canary' }, false],
    ['is in a namespace of it', row(), { 'istio.io/rev': 'canary' }, true],
    ['names none', row(), {}, false],
  ])('an object that %s', (_, object, namespace, expected) => expect(isOurs(object, namespace, canary)).toBe(expected));
  test('what names none is the default revision’s', () => {
    expect(isOurs(row(), {}, () => new Set(['default']))).toBe(true);
    expect(isOurs(row(), {}, () => new Set(['canary', 'default']))).toBe(true);
  });
  test('a tag that moves to another revision takes the statuses with it', () => {
    const { mesh } = createMesh();
    let moved: () => void = () => undefined;
    const tags = { names: new Set(['blue', 'prod']), onChange: (listener: () => void) => ((moved = listener), () => undefined) };
    const statuses = defineStatuses(mesh, nameRows(mesh, tags).names);
    const tagged = gatewayYaml(HTTP).replace('name: public,', 'name: public, labels: { istio.io/rev: prod },');
    addResources(mesh, parseResources(tagged, 'a').resources);
    const stale = jest.fn();
    const watch = mesh.graph.watch(statuses, '', stale);
    expect(watch.read().has('K8sGateway shop/public')).toBe(true);
    tags.names = new Set(['blue']);
    moved();
    expect(stale).toHaveBeenCalledTimes(1);
    expect(watch.read().has('K8sGateway shop/public')).toBe(false);
  });
});

test('SD-048, ST-004: each host of a ServiceEntry is given both addresses, one that has its own none', () => {
  const entry = (name: string, more = ''): string => `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop }
spec: { hosts: [${name}.example, "*.${name}.example"], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: STATIC${more} }
`;
  const it = statusesOf(entry('bare') + entry('own', ', addresses: [192.0.2.1]'));
  const { addresses } = (it.drafts().get('ServiceEntry shop/bare')?.fields ?? {}) as { addresses: { host: string; value: string }[] };
  expect(addresses.map(({ host }) => host)).toEqual(['bare.example', 'bare.example']);
  expect(addresses[0]?.value).toMatch(/^240\.240\./);
  expect(it.drafts().has('ServiceEntry shop/own')).toBe(false);
});

test('SD-048: addresses in the status hold, so that what is written moves nobody', () => {
  const yaml = (status: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: it, namespace: shop }
spec: { hosts: [it.example], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
${status}`;
  const it = statusesOf(yaml('status: { addresses: [{ host: it.example, value: 240.240.9.9 }] }'));
  expect(it.drafts().get('ServiceEntry shop/it')?.fields).toEqual({ addresses: [{ host: 'it.example', value: '240.240.9.9' }] });
});

test('ST-005: the health that a proxy reports is a condition of its WorkloadEntry', () => {
  const { mesh } = createMesh();
  const health = defineHealth(mesh);
  addResources(
    mesh,
    parseResources(
      'apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: { name: vm, namespace: shop }\nspec: { address: 10.0.0.1 }\n',
      'a',
    ).resources,
  );
  expect(health.get('').size).toBe(0);
  mesh.graph.transaction(() => mesh.rows.reportedHealth.set({ key: 'shop/vm', isHealthy: false, message: 'refused' }));
  expect(health.get('').get('WorkloadEntry shop/vm')?.conditions).toEqual([
    { type: 'Healthy', status: 'False', reason: 'Unhealthy', message: 'refused' },
  ]);
});

test('IG-006: an Ingress of ours is told where the ingress Service is, by default that of Istio', () => {
  const ingress = (name: string, annotation: string): string => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: shop, annotations: { kubernetes.io/ingress.class: ${annotation} } }
spec: { rules: [{ host: a.example, http: { paths: [] } }] }
`;
  const edge = service('istio-ingressgateway', [80], ', type: LoadBalancer', 'istio-system').replace(
    '---\napiVersion: discovery',
    'status: { loadBalancer: { ingress: [{ ip: 192.0.2.3 }, { hostname: edge.example }] } }\n---\napiVersion: discovery',
  );
  const { mesh } = createMesh();
  const statuses = defineStatuses(mesh, () => new Set(['default']));
  addResources(mesh, parseResources(ingress('ours', 'istio') + ingress('theirs', 'nginx') + edge, 'a').resources);
  expect(statuses.get('').get('Ingress shop/ours')?.fields).toEqual({
    loadBalancer: { ingress: [{ hostname: 'edge.example' }, { ip: '192.0.2.3' }] },
  });
  expect(statuses.get('').has('Ingress shop/theirs')).toBe(false);
});
