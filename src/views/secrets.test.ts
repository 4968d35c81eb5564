import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { dumpConfig } from '../server/config-dump.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { openAuthority } from '../server/trust.js';
import { parseResources } from '../sources/load.js';
import { SECRET_TYPE } from './type-urls.js';

const folder = mkdtempSync(join(tmpdir(), 'roots-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

  test('PC-016: roots of ProxyConfig are added for the proxy, one that is no certificate is not', async () => {
    const { rootPem } = await openAuthority({ dataDir: folder, trustDomain: 'other' });
    const added = (pems: unknown) => {
      const { mesh, views } = createMesh();
      const metadata = { PROXY_CONFIG: { caCertificatesPem: pems } };
      const proxy = parseNode({ id: 'sidecar~10.0.0.7~web-1.shop~shop.svc.cluster.local', metadata }, WEB);
      mesh.graph.transaction(() => {
        mesh.rows.proxies.set(proxy);
        mesh.rows.certificates.set({ id: WEB, certChainPem: 'chain', privateKeyPem: 'key', rootPem: 'root' });
      });
      const [root] = views
        .watch(proxy.key, SECRET_TYPE, ['ROOTCA'], () => undefined)
        .read()
        .chunks.flat();
      return text(root?.body ?? Buffer.of());
    };
    expect(added([rootPem, 'junk'])).toContain(base64(`root\n${rootPem.trimEnd()}\n`));
    for (const nothing of [undefined, [], 'junk']) expect(added(nothing)).toContain(base64('root'));
  });

  test('GW-036: MeshConfig.defaultConfig.privateKeyProvider is for proxies that have the extension; no dump shows the key', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const { mesh, views } = createMesh();
    const parsed = parseResources(
      'apiVersion: v1\nkind: Secret\nmetadata: { name: shop, namespace: shop }\nstringData: { tls.crt: c, tls.key: ' +
        `${JSON.stringify(key)} }\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: shop, namespace: shop }\n` +
        'spec: { selector: { app: edge }, servers: [{ port: { number: 443, name: https, protocol: HTTPS }, hosts: [a.example], tls: { mode: SIMPLE, credentialName: shop } }] }',
    );
    const metadata = { name: 'mesh', namespace: '', labels: {}, annotations: {} };
    const spec = { defaultConfig: { privateKeyProvider: { cryptomb: { pollDelay: '10ms' } } } };
    addResources(mesh, [...parsed.resources, { kind: 'MeshConfig', apiVersion: 'mesh.istio.io/v1alpha1', metadata, spec, createdAt: 0 }]);
    const dumped = (extensions: { name: string }[]) => {
      const node = { id: 'router~10.0.0.7~edge-1.shop~shop.svc.cluster.local', metadata: { LABELS: { app: 'edge' } }, extensions };
      const proxy = parseNode(node, WEB);
      mesh.graph.transaction(() => {
        mesh.rows.proxies.set(proxy);
        mesh.rows.certificates.set({ id: WEB, certChainPem: 'chain', privateKeyPem: key, rootPem: 'root' });
      });
      const served = views.watch(proxy.key, SECRET_TYPE, ['kubernetes://shop', 'default'], () => undefined).read();
      const dump = JSON.stringify(dumpConfig(views, proxy.key).secrets);
      expect(dump).toContain('[redacted]');
      expect(dump).not.toContain(base64(key));
      return served.chunks.flat().map(({ body }) => Secret.toJSON(Secret.decode(Any.decode(body).value)) as { tlsCertificate: object });
    };
    for (const { tlsCertificate } of dumped([{ name: 'cryptomb' }]))
      expect(tlsCertificate).toMatchObject({ privateKeyProvider: { providerName: 'cryptomb', typedConfig: { pollDelay: '0.010s' } } });
    for (const { tlsCertificate } of dumped([{ name: 'envoy.tls.other' }]))
      expect(tlsCertificate).toMatchObject({ privateKey: { inlineBytes: base64(key) } });
  });

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
