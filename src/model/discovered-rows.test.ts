import { expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { DEFAULT_SETTINGS } from './define-mesh.js';

const rows = (text: string): AnyRow[] => parseResources(text).resources as AnyRow[];
const namespace = (labels: string): string => `{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { ${labels} } } }`;
const SERVICE = '{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop }, spec: { ports: [{ port: 80 }] } }';
const selecting = (label: string): AnyRow =>
  ({
    kind: 'MeshConfig',
    apiVersion: 'mesh.istio.io/v1alpha1',
    metadata: { name: 'mesh', namespace: '', labels: {}, annotations: {} },
    spec: { discoverySelectors: [{ matchLabels: { mesh: label } }] },
    createdAt: 0,
  }) as AnyRow;

test('SD-030: a namespace comes and goes with its label, and with the selectors', () => {
  const { mesh } = createMesh();
  const isSeen = (): boolean => mesh.services.get('k:shop/web') !== undefined;
  addResources(mesh, rows(SERVICE));
  expect(isSeen()).toBe(true);
  addResources(mesh, [selecting('on')]);
  expect(isSeen()).toBe(false);
  addResources(mesh, rows(namespace('mesh: "on"')));
  expect(isSeen()).toBe(true);
  addResources(mesh, [selecting('other')]);
  expect(isSeen()).toBe(false);
  mesh.graph.transaction(() => {
    mesh.rows.discovered.delete('MeshConfig', '/mesh');
    mesh.rows.discovered.settle();
  });
  expect(isSeen()).toBe(true);
});

test('SD-030: a row that is deleted while it is not seen does not come back', () => {
  const { mesh } = createMesh();
  addResources(mesh, [selecting('on'), ...rows(SERVICE)]);
  mesh.graph.transaction(() => mesh.rows.discovered.delete('Service', 'shop/web'));
  addResources(mesh, rows(namespace('mesh: "on"')));
  expect(mesh.services.namespaces()).toEqual([]);
});

test('SD-031: of other namespaces than the watched ones nothing is read', () => {
  const { mesh } = createMesh({ ...DEFAULT_SETTINGS, watchedNamespaces: ['bank'] });
  addResources(mesh, [...rows(SERVICE), ...rows(SERVICE.replace('namespace: shop', 'namespace: bank'))]);
  expect(mesh.services.namespaces()).toEqual(['bank']);
});

test('SD-030: a namespace of a remote cluster is chosen by what that cluster says of it', () => {
  const { mesh } = createMesh();
  const elsewhere = (row: AnyRow): AnyRow => ({ ...row, metadata: { ...row.metadata, cluster: 'west' } }) as AnyRow;
  addResources(mesh, [selecting('on'), ...rows(namespace('mesh: "on"')), ...rows(SERVICE).map(elsewhere)]);
  expect(mesh.services.get('k:shop/web')).toBeUndefined();
  addResources(mesh, rows(namespace('mesh: "on"')).map(elsewhere));
  expect(mesh.services.get('k:shop/web')?.clusters?.map(({ cluster }) => cluster)).toEqual(['west']);
});
