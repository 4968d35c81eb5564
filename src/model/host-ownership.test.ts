/** ISTIO-SECURITY-2026-002: with strict ownership no namespace takes traffic for a host that it does not own. */
import { describe, expect, test } from '@jest/globals';
import { dumpConfig } from '../server/config-dump.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { DEFAULT_SETTINGS } from './define-mesh.js';
import { hostOwnership } from './host-ownership.js';
import { parseNode } from './proxy-node.js';

const VICTIM = 'api.victim.svc.cluster.local';
const OWNERS = [
  { host: '*.shop.example', namespaces: ['shop'] },
  { host: '203.0.113.0/24', namespaces: ['shop'] },
];

const of = (kind: string, name: string, spec: object, namespace = 'attacker', group = 'networking.istio.io'): string =>
  JSON.stringify({ apiVersion: `${group}/v1`, kind, metadata: { name, namespace }, spec });
const services = ['victim', 'attacker', 'shop'].map((namespace, i) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', namespace },
    spec: { clusterIP: `10.96.0.${i + 1}`, ports: [{ name: 'http', port: 80 }] },
  }),
);
const route = (mark: string) => [{ headers: { request: { set: { [mark]: '1' } } }, route: [{ destination: { host: 'api' } }] }];
const port = (protocol: string, number = 80) => [{ number, name: 'p', protocol }];

/** Everything that a proxy of the namespace is served, as text. */
function served(documents: readonly string[], namespace: string, { type = 'sidecar', strict = true } = {}): string {
  const { mesh, views } = meshOf(documents, strict);
  const labels = type === 'router' ? { gw: 'edge' } : {};
  const proxy = parseNode({
    id: `${type}~10.0.0.9~p.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, CLUSTER_ID: 'Kubernetes', LABELS: labels },
  });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return JSON.stringify(dumpConfig(views, proxy.key));
}
function meshOf(documents: readonly string[], strict = true) {
  const made = createMesh(strict ? { ...DEFAULT_SETTINGS, hostGrants: OWNERS } : DEFAULT_SETTINGS);
  const { resources, problems } = parseResources([...services, ...documents].join('\n---\n'));
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  addResources(made.mesh, resources);
  return made;
}
const refusals = (...documents: string[]): string[] =>
  meshOf(documents)
    .mesh.hostRefusals.all()
    .map(({ row, path, host }) => `${row.kind} ${row.metadata.namespace}/${row.metadata.name} ${path.join('.')} ${host}`);

describe('who owns what', () => {
  const ownership = hostOwnership(OWNERS, { domain: 'cluster.local', rootNamespace: 'istio-system' });
  test.each([
    ['shop', 'api.shop.svc.cluster.local', true],
    ['shop', '*.shop.svc.cluster.local', true],
    ['shop', 'api.shop.svc', true],
    ['shop', 'API.Shop.svc.cluster.local', true],
    ['shop', 'www.shop.example', true],
    ['shop', '*.eu.shop.example', true],
    ['shop', 'shop.example', false],
    ['shop', '*.example', false],
    ['shop', 'api.victim.svc.cluster.local', false],
    ['shop', '*', false],
    ['shop', '*.svc.cluster.local', false],
    ['com', 'google.com', false],
    ['op', 'api.shop.svc.cluster.local', false],
    ['istio-system', '*', true],
  ])('%s owns %s: %s', (namespace, host, owns) => expect(ownership.ownsHost(namespace, host)).toBe(owns));

  test.each([
    ['shop', '203.0.113.7', true],
    ['shop', '203.0.113.0/25', true],
    ['shop', '203.0.0.0/16', false],
    ['shop', '::/0', false],
    ['shop', 'a name', false],
    ['attacker', '203.0.113.7', false],
    ['istio-system', '0.0.0.0/0', true],
  ])('%s owns address %s: %s', (namespace, address, owns) => expect(ownership.ownsAddress(namespace, address)).toBe(owns));
});

describe('what does nothing to proxies of others, and what holds at home', () => {
  const hijacks: readonly [what: string, document: string, mark: string][] = [
    ['a VirtualService for a service of another', of('VirtualService', 'v', { hosts: [VICTIM], http: route('x-stolen') }), 'x-stolen'],
    ['one that hides it among its own', of('VirtualService', 'v', { hosts: ['api', VICTIM], http: route('x-stolen') }), 'x-stolen'],
    ['a wildcard', of('VirtualService', 'v', { hosts: ['*.svc.cluster.local'], http: route('x-stolen') }), 'x-stolen'],
    ['a short form of the name', of('VirtualService', 'v', { hosts: ['api.victim'], http: route('x-stolen') }), 'x-stolen'],
    ['a host of the internet', of('VirtualService', 'v', { hosts: ['example.com'], http: route('x-stolen') }), 'x-stolen'],
    [
      'a ServiceEntry for a host of the internet',
      of('ServiceEntry', 'e', { hosts: ['example.com'], ports: port('HTTP'), resolution: 'STATIC', endpoints: [{ address: '10.6.6.6' }] }),
      '10.6.6.6',
    ],
    [
      'a ServiceEntry with the address of another',
      of('ServiceEntry', 'e', {
        hosts: ['mine.attacker.svc.cluster.local'],
        addresses: ['10.96.0.1'],
        ports: port('TCP', 5432),
        resolution: 'STATIC',
        endpoints: [{ address: '10.6.6.6' }],
      }),
      '10.6.6.6',
    ],
    [
      'a ServiceEntry that takes a port on all addresses',
      of('ServiceEntry', 'e', {
        hosts: ['mine.attacker.svc.cluster.local'],
        ports: port('TCP', 5432),
        resolution: 'STATIC',
        endpoints: [{ address: '10.6.6.6' }],
      }),
      '10.6.6.6',
    ],
  ];
  test.each(hijacks)('%s', (_, document, mark) => {
    expect(served([document], 'victim', { strict: false })).toContain(mark);
    expect(served([document], 'victim')).not.toContain(mark);
    expect(served([document], 'attacker')).toContain(mark);
    expect(refusals(document)[0]).toMatch(/^(VirtualService attacker\/v|ServiceEntry attacker\/e) spec\./);
  });

  test('what is owned or granted holds for everybody', () => {
    const entry = { hosts: ['www.shop.example'], addresses: ['203.0.113.7'], ports: port('TCP'), resolution: 'STATIC' };
    const documents = [
      of('VirtualService', 'v', { hosts: ['api'], http: route('x-shop') }, 'shop'),
      of('ServiceEntry', 'e', { ...entry, endpoints: [{ address: '10.7.7.7' }] }, 'shop'),
      of('VirtualService', 'all', { hosts: ['api.victim.svc.cluster.local'], http: route('x-root') }, 'istio-system'),
    ];
    const text = served(documents, 'victim');
    for (const mark of ['x-shop', '10.7.7.7', 'x-root']) expect(text).toContain(mark);
    expect(refusals(...documents)).toEqual([]);
  });

  test('what keeps to its own namespace is nobody else’s business', () => {
    expect(refusals(of('VirtualService', 'v', { hosts: [VICTIM], http: route('x-mine'), exportTo: ['.'] }))).toEqual([]);
    expect(refusals(of('DestinationRule', 'd', { host: VICTIM }))).toEqual([]);
    expect(refusals(of('DestinationRule', 'd', { host: VICTIM, exportTo: ['*'] }))).toEqual([`DestinationRule attacker/d spec.host ${VICTIM}`]);
  });

  test('a refused ServiceEntry does not make a provider ambiguous', () => {
    const entry = { ports: port('HTTP'), resolution: 'STATIC', endpoints: [{ address: '10.6.6.6' }] };
    const documents = ['shop', 'attacker'].map((namespace) => of('ServiceEntry', 'e', { hosts: ['otel.shop.example'], ...entry }, namespace));
    const owners = meshOf(documents).mesh.services.byHostname('otel.shop.example');
    expect(owners.filter(({ refused }) => refused !== true).map(({ namespace }) => namespace)).toEqual(['shop']);
  });
});

describe('gateways', () => {
  const gateway = (hosts: string[], namespace = 'edge', name = 'g') =>
    of('Gateway', name, { selector: { gw: 'edge' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts }] }, namespace);
  const virtualService = (host: string, gw = 'edge/g') => of('VirtualService', 'v', { hosts: [host], gateways: [gw], http: route('x-here') });
  const edge = { type: 'router' };

  test('a Gateway that lets everybody in says nothing about whose a host is', () => {
    const documents = [gateway(['*']), virtualService('www.shop.example')];
    expect(served(documents, 'edge', { ...edge, strict: false })).toContain('x-here');
    expect(served(documents, 'edge', edge)).not.toContain('x-here');
    expect(refusals(...documents)).toEqual(['VirtualService attacker/v spec.hosts.0 www.shop.example']);
  });
  test('a Gateway that names the namespace lets it in', () =>
    expect(served([gateway(['attacker/*.example']), virtualService('www.shop.example')], 'edge', edge)).toContain('x-here'));
  test('the owner comes in by the open door', () =>
    expect(served([gateway(['*']), virtualService('api.attacker.svc.cluster.local')], 'edge', edge)).toContain('x-here'));
  test('a Gateway of a stranger on the proxies of another serves what its namespace owns only', () => {
    const own = (host: string) => [gateway([`attacker/${host}`], 'attacker', 'mine'), virtualService(host, 'mine')];
    expect(served(own('www.shop.example'), 'edge', edge)).not.toContain('x-here');
    expect(served(own('www.shop.example'), 'attacker', edge)).toContain('x-here');
    expect(served(own('api.attacker.svc.cluster.local'), 'edge', edge)).toContain('x-here');
  });

  test('an Ingress serves hosts that its namespace owns', () => {
    const ingress = (host: string, namespace: string) =>
      JSON.stringify({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'i', namespace, annotations: { 'kubernetes.io/ingress.class': 'istio' } },
        spec: {
          rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'api', port: { number: 80 } } } }] } }],
        },
      });
    const names = (document: string) => meshOf([document]).mesh.derived.virtualServicesOf('istio-system/i-istio-autogenerated-k8s-ingress-attacker');
    expect(names(ingress('www.shop.example', 'attacker'))).toEqual([]);
    expect(refusals(ingress('www.shop.example', 'attacker'))).toEqual(['Ingress attacker/i spec.rules.0 ']);
    expect(refusals(ingress('www.shop.example', 'shop'))).toEqual([]);
  });
});

describe('mesh routes of Gateway API', () => {
  const httpRoute = (namespace: string) =>
    of(
      'HTTPRoute',
      'r',
      {
        parentRefs: [{ group: '', kind: 'Service', name: 'api', namespace: 'victim' }],
        rules: [
          {
            filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-route', value: '1' }] } }],
            backendRefs: [{ name: 'api', port: 80 }],
          },
        ],
      },
      namespace,
      'gateway.networking.k8s.io',
    );
  test('the service’s namespace speaks for all, another one for itself', () => {
    expect(served([httpRoute('victim')], 'shop')).toContain('x-route');
    expect(served([httpRoute('attacker')], 'victim')).not.toContain('x-route');
    expect(served([httpRoute('attacker')], 'attacker')).toContain('x-route');
  });
});
