import { describe, expect, test } from '@jest/globals';
import type { HTTPRoute } from '../api/istio.js';
import { Graph } from '../graph/graph.js';
import { parseResources } from '../sources/load.js';
import { defineMesh } from './define-mesh.js';
import { mergeDelegate } from './virtual-service-delegates.js';
import { resolveGateway } from './virtual-service-names.js';

/** A mesh of these VirtualServices: `[namespace/name, spec]`, the first the oldest. */
function meshOf(...all: [key: string, spec: object][]) {
  const mesh = defineMesh(new Graph());
  put(mesh, ...all);
  return mesh;
}
function put(mesh: ReturnType<typeof defineMesh>, ...all: [key: string, spec: object][]) {
  const documents = all.map(([key, spec]) => {
    const [namespace, name] = key.split('/');
    return JSON.stringify({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name, namespace }, spec });
  });
  const { resources, problems } = parseResources(documents.join('\n---\n'));
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  mesh.graph.transaction(() => {
    for (const row of resources) mesh.rows.of(row.kind).set(row as never);
  });
}
const http = (host: string): object[] => [{ route: [{ destination: { host } }] }];
const keys = (rows: readonly { metadata: { namespace: string; name: string } }[]) =>
  rows.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe('names', () => {
  test.each([
    ['mesh', 'mesh'],
    ['gw', 'ns/gw'],
    ['./gw', 'ns/gw'],
    ['other/gw', 'other/gw'],
    ['gw.other.svc.cluster.local', 'other/gw'],
    ['gw.other', 'other/gw'],
  ])('VS-003 gateway %s is %s', (written, resolved) => expect(resolveGateway(written, 'ns')).toBe(resolved));

  test('VS-001 short hosts and destinations belong to the namespace of the VirtualService', () => {
    const mirrored = [
      { ...(http('b')[0] as object), match: [{ uri: { prefix: '/m' } }], mirror: { host: 'm' } },
      { ...(http('b')[0] as object), mirrors: [{ destination: { host: 'n' } }] },
    ];
    const spec = meshOf(['ns/v', { hosts: ['a', 'a.other', '*.x'], http: mirrored }]).virtualServices.get('ns/v')?.spec;
    expect(spec?.hosts).toEqual(['a.ns.svc.cluster.local', 'a.other', '*.x']);
    expect(spec?.http).toMatchObject([
      { route: [{ destination: { host: 'b.ns.svc.cluster.local' } }], mirror: { host: 'm.ns.svc.cluster.local' } },
      { mirrors: [{ destination: { host: 'n.ns.svc.cluster.local' } }] },
    ]);
  });
});

describe('who sees a VirtualService', () => {
  test('VS-004 VS-006 own private ones first, then those exported here, then public ones, each by age', () => {
    const mesh = meshOf(
      ['z/public', { hosts: ['a.x'], http: http('a.x') }],
      ['b/exported', { hosts: ['a.x'], exportTo: ['a', 'c'], http: http('a.x') }],
      ['a/private', { hosts: ['a.x'], exportTo: ['.'], http: http('a.x') }],
      ['b/hidden', { hosts: ['a.x'], exportTo: ['.'], http: http('a.x') }],
      ['a/public', { hosts: ['a.x'], exportTo: ['*'], http: http('a.x') }],
    );
    expect(keys(mesh.virtualServices.bound('a', 'mesh'))).toEqual(['a/private', 'b/exported', 'z/public', 'a/public']);
    expect(keys(mesh.virtualServices.bound('d', 'mesh'))).toEqual(['z/public', 'a/public']);
  });
  test('VS-003 with gateways listed, sidecars count only when mesh is among them', () => {
    const mesh = meshOf(
      ['a/edge', { hosts: ['a.x'], gateways: ['gw'], http: http('a.x') }],
      ['a/both', { hosts: ['a.x'], gateways: ['mesh', 'a/gw', 'gw'], http: http('a.x') }],
    );
    expect(keys(mesh.virtualServices.bound('a', 'mesh'))).toEqual(['a/both']);
    expect(keys(mesh.virtualServices.bound('a', 'a/gw'))).toEqual(['a/edge', 'a/both']);
  });
  test('MC-013 the mesh decides for those without exportTo', () => {
    const mesh = meshOf(['a/v', { hosts: ['a.x'], http: http('a.x') }]);
    const { resources } = parseResources('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n');
    expect(resources).toHaveLength(1);
    const row = {
      kind: 'MeshConfig',
      apiVersion: '',
      metadata: { name: 'm', namespace: '', labels: {}, annotations: {} },
      createdAt: 0,
      spec: { defaultVirtualServiceExportTo: ['.'] },
    };
    mesh.graph.transaction(() => mesh.rows.of('MeshConfig').set(row as never));
    expect(mesh.virtualServices.bound('b', 'mesh')).toEqual([]);
    expect(keys(mesh.virtualServices.bound('a', 'mesh'))).toEqual(['a/v']);
  });
});

describe('delegates', () => {
  test('VS-035 are merged into the root, are none themselves, and follow edits', () => {
    const mesh = meshOf(
      [
        'a/root',
        {
          hosts: ['a.x'],
          http: [{ name: 'r', match: [{ uri: { prefix: '/p' } }], timeout: '3s', delegate: { name: 'd', namespace: 'b' } }, ...http('last')],
        },
      ],
      ['b/d', { http: [{ name: 'd', match: [{ uri: { prefix: '/p/q' } }], route: [{ destination: { host: 'svc' } }] }] }],
    );
    const routes = () => mesh.virtualServices.get('a/root')?.spec.http;
    expect(routes()).toMatchObject([
      { name: 'r-d', match: [{ uri: { prefix: '/p/q' } }], timeout: '3s', route: [{ destination: { host: 'svc.b.svc.cluster.local' } }] },
      { route: [{ destination: { host: 'last.a.svc.cluster.local' } }] },
    ]);
    expect(keys(mesh.virtualServices.bound('a', 'mesh'))).toEqual(['a/root']);
    expect([...mesh.virtualServices.destinations(mesh.virtualServices.get('a/root') as never)]).toEqual([
      'svc.b.svc.cluster.local',
      'last.a.svc.cluster.local',
    ]);
    put(mesh, ['b/d', { exportTo: ['.'], http: http('svc') }]);
    expect(routes()).toHaveLength(1);
  });
  const merged = (root: object, ...delegates: object[]) => mergeDelegate(root as HTTPRoute, delegates as HTTPRoute[]);
  test('VS-035 matches that contradict drop the route, others are joined', () => {
    expect(merged({ match: [{ uri: { prefix: '/a' } }] }, { match: [{ uri: { prefix: '/b' } }] })).toEqual([]);
    expect(merged({ match: [{ uri: { regex: 'x' } }] }, { match: [{ uri: { exact: 'x' } }] })).toEqual([]);
    expect(merged({ match: [{ uri: { exact: '/a' } }] }, { match: [{ uri: { prefix: '/a' } }] })).toEqual([]);
    expect(merged({ match: [{ port: 1 }] }, { match: [{ port: 2 }] })).toEqual([]);
    expect(merged({ match: [{ headers: { a: { exact: '1' } }, name: 'r' }] }, { match: [{ headers: { b: { exact: '2' } }, name: 'd' }] })).toEqual([
      { match: [{ headers: { a: { exact: '1' }, b: { exact: '2' } }, name: 'r-d' }] },
    ]);
  });
  test('VS-035 the delegate wins where both set a field', () => {
    const [route] = merged(
      { timeout: '1s', headers: { request: { set: { a: '1' } } }, retries: { attempts: 1 } },
      { timeout: '2s', headers: { request: { set: { b: '2' } } } },
    );
    expect(route).toMatchObject({ timeout: '2s', headers: { request: { set: { b: '2' } } }, retries: { attempts: 1 } });
    expect(route?.headers?.request?.set).toEqual({ b: '2' });
  });
});
