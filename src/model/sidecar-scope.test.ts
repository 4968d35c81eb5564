import { expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { CLUSTER_TYPE, LISTENER_TYPE } from '../views/type-urls.js';
import { parseNode } from './proxy-node.js';

const service = (name: string, namespace: string, port: number) =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {clusterIP: 10.96.0.${port % 250}, ports: [{name: tcp, port: ${port}}]}\n`;
const sidecar = '---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, namespace: a}\nspec: {egress: [{hosts: [./*]}]}\n';
const nodeOf = (namespace: string) =>
  parseNode({ id: `sidecar~10.0.0.1~p.${namespace}~${namespace}.svc.cluster.local`, metadata: { NAMESPACE: namespace } });

test('SC-014 what a Sidecar leaves out changes nothing for its proxies, and what it imports does', () => {
  const { mesh, views } = createMesh();
  const add = (text: string) => addResources(mesh, parseResources(text).resources);
  add([service('x', 'a', 9001), service('y', 'b', 9002), sidecar].join(''));
  const proxies = [nodeOf('a'), nodeOf('b')];
  mesh.graph.transaction(() => proxies.forEach((proxy) => mesh.rows.proxies.set(proxy)));
  const watched = proxies.flatMap(({ key }) => [CLUSTER_TYPE, LISTENER_TYPE].map((type) => views.watch(key, type, undefined, () => undefined)));
  const read = () => watched.map((watch) => watch.read());
  const before = read();
  add(service('z', 'b', 9003));
  const elsewhere = read();
  expect(elsewhere.map((set, i) => set === before[i])).toEqual([true, true, false, false]);
  add(service('z', 'a', 9004));
  expect(read().map((set, i) => set === elsewhere[i])).toEqual([false, false, false, false]);
});
