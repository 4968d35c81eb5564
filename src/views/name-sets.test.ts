import { describe, expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { NameSets } from './name-sets.js';
import { ENDPOINT_TYPE, ROUTE_TYPE } from './type-urls.js';

const MESH = ['a', 'b']
  .map(
    (name) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: 10.96.0.${name.charCodeAt(0)}, ports: [{ name: http, port: 80 }] }
`,
  )
  .join('---');
const clusterOf = (name: string): string => `outbound|80||${name}.shop.svc.cluster.local`;

describe('hostile: names of resources', () => {
  const { mesh, views } = createMesh();
  addResources(mesh, parseResources(MESH, 'mesh.yaml').resources);
  const watch = (account: string, type: string, names: readonly string[]) => {
    const proxy = parseNode({ id: `sidecar~10.0.0.1~${account}.shop~shop.svc.cluster.local` }, `spiffe://cluster.local/ns/shop/sa/${account}`);
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    const watched = views.watch(proxy.key, type, names, () => undefined);
    return () => watched.read().chunks.flatMap((chunk) => chunk.map(({ name }) => name));
  };

  test('two names in one are not taken for the two: who asks for them first spoils nothing for others', () => {
    const both = [clusterOf('a'), clusterOf('b')];
    const attacker = watch('evil', ENDPOINT_TYPE, [both.join('\n')]);
    expect(watch('web', ENDPOINT_TYPE, both)()).toEqual(both);
    expect(attacker()).toEqual([]);
  });

  test.each([
    [ENDPOINT_TYPE, 'outbound|80|v1\tbank/private\ta0\tsni|a.shop.svc.cluster.local'],
    [ENDPOINT_TYPE, `${clusterOf('a')}\0`],
    [ROUTE_TYPE, '80\n'],
  ])('a name with control characters is the name of nothing: %s %j', (type, name) => {
    expect(watch('evil', type, [name])()).toEqual([]);
    expect(watch('evil', type, [type === ROUTE_TYPE ? '80' : clusterOf('b'), name])()).toEqual([type === ROUTE_TYPE ? '80' : clusterOf('b')]);
  });

  test('equal sets are one, as long as somebody holds them', () => {
    const sets = new NameSets();
    const [one, other] = [sets.hold(['x', 'y']), sets.hold(['x', 'y'])];
    expect(one).toBe(other);
    sets.release(one);
    expect(sets.hold(['x', 'y'])).toBe(one);
    for (let n = 0; n < 2; n++) sets.release(one);
    expect(sets.hold(['x', 'y'])).not.toBe(one);
  });
});
