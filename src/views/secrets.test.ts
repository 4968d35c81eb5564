import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { describe, expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { createMesh } from '../server/mesh-instance.js';
import { SECRET_TYPE } from './type-urls.js';

const WEB = 'spiffe://cluster.local/ns/shop/sa/web';

function secretsOf(identity: string, names = ['ROOTCA', 'default']) {
  const { mesh, views } = createMesh();
  const proxy = parseNode({ id: 'sidecar~10.0.0.7~web-1.shop~shop.svc.cluster.local' }, identity);
  const write = (serial: number) =>
    mesh.graph.transaction(() => {
      for (const id of [WEB, WEB.replace('web', 'cart')]) {
        mesh.rows.certificates.set({ id, certChainPem: `chain of ${id} ${serial}`, privateKeyPem: `key of ${id} ${serial}`, rootPem: 'root' });
      }
    });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  write(1);
  let stale = 0;
  const watch = views.watch(proxy.key, SECRET_TYPE, names, () => stale++);
  const read = () => watch.read().chunks.flat();
  return { read, rotate: () => write(2), stale: () => stale };
}

const text = (body: Uint8Array): string => JSON.stringify(Secret.toJSON(Secret.decode(Any.decode(body).value)));
const base64 = (value: string): string => Buffer.from(value).toString('base64');

describe('XD-019 workload secrets', () => {
  test('a proven identity gets its own certificate and the roots, nobody else’s', () => {
    const [root, own] = secretsOf(WEB).read();
    expect([root?.name, own?.name]).toEqual(['ROOTCA', 'default']);
    expect(text(own?.body ?? Buffer.of())).toContain(base64(`key of ${WEB} 1`));
    expect(text(root?.body ?? Buffer.of())).toContain(base64('root'));
    expect(text(root?.body ?? Buffer.of())).not.toContain(base64('key of'));
  });

  test('without a proven identity there is nothing', () => expect(secretsOf('').read()).toEqual([]));

  test('a name that nobody knows is left out', () => expect(secretsOf(WEB, ['default', 'other']).read()).toHaveLength(1));

  test('rotation changes the certificate and leaves the roots alone', () => {
    const { read, rotate, stale } = secretsOf(WEB);
    const [root, own] = read();
    rotate();
    expect(stale()).toBe(1);
    const [rootAfter, ownAfter] = read();
    expect(rootAfter?.version).toBe(root?.version);
    expect(ownAfter?.version).not.toBe(own?.version);
  });
});
