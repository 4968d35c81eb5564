import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { describe, expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { SECRET_TYPE } from './type-urls.js';

const secret = (namespace: string, name: string, data: string): string => `---
apiVersion: v1
kind: Secret
metadata: { name: ${name}, namespace: ${namespace} }
stringData: ${data}
`;
const MESH = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: web, namespace: edge }
spec:
  selector: { app: edge }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [a.example]
      tls: { mode: MUTUAL, credentialName: web }
    - port: { number: 443, name: https-b, protocol: HTTPS }
      hosts: [b.example]
      tls: { mode: MUTUAL, credentialName: kubernetes://shop/web, caCertCredentialName: clients }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: out, namespace: edge }
spec: { host: out.example, trafficPolicy: { portLevelSettings: [{ port: { number: 443 }, tls: { mode: MUTUAL, credentialName: out } }] } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: roots, namespace: far }
data: { ca.crt: ROOTS }
${secret('edge', 'web', '{ tls.crt: CERT, tls.key: KEY, ca.crt: CA }')}
${secret('edge', 'out', '{ cert: OUT-CERT, key: OUT-KEY, cacert: OUT-CA }')}
${secret('edge', 'out-cacert', '{ ca.crt: OWN-CA }')}
${secret('edge', 'clients', '{ tls.crt: CERT, tls.key: KEY, ca.crt: CLIENTS-CA }')}
${secret('edge', 'cacerts', '{ tls.crt: CERT, tls.key: ROOT-OF-ALL, ca.crt: CA }')}
${secret('shop', 'web', '{ tls.crt: CERT, tls.key: SHOPS-KEY, ca.crt: CA }')}`;

const EDGE = 'spiffe://cluster.local/ns/edge/sa/proxy';

function ask(name: string, { identity = EDGE, labels = { app: 'edge' } }: { identity?: string; labels?: Record<string, string> } = {}) {
  const { mesh, views } = createMesh();
  addResources(mesh, [...parseResources(MESH, 'mesh.yaml').resources]);
  const proxy = parseNode({ id: 'router~10.0.0.1~edge-0.edge~edge.svc.cluster.local', metadata: { LABELS: labels } }, identity);
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const watch = views.watch(proxy.key, SECRET_TYPE, [name], () => undefined);
  const [found] = watch.read().chunks.flat();
  if (found === undefined) return undefined;
  const { type } = Secret.decode(Any.decode(found.body).value);
  const text = (source: { specifier?: unknown } | undefined): string =>
    Buffer.from((source?.specifier as { value: Uint8Array } | undefined)?.value ?? []).toString();
  return type?.$case === 'tlsCertificate'
    ? `key ${text(type.value.privateKey)}`
    : type?.$case === 'validationContext'
      ? `ca ${text(type.value.trustedCa)}`
      : type?.$case;
}

describe('GW-012 credentials over SDS', () => {
  test.each([
    ['kubernetes://web', 'key KEY'],
    ['kubernetes://web-cacert', 'ca CA'],
    ['kubernetes://out', 'key OUT-KEY'],
    // A Secret of its own counts before the certificate's.
    ['kubernetes://out-cacert', 'ca OWN-CA'],
    // Named as a CA only, so its key stays here.
    ['kubernetes://clients', 'ca CLIENTS-CA'],
    ['configmap://far/roots-cacert', 'ca ROOTS'],
  ])('GW-014 %s gives %s', (name, content) => expect(ask(name)).toBe(content));

  test.each(['kubernetes://cacerts', 'kubernetes://edge/cacerts', 'kubernetes://shop/web', 'kubernetes://none', 'invalid://'])(
    '%s is not given out',
    (name) => expect(ask(name)).toBeUndefined(),
  );

  test('without a proven identity, or with another namespace’s, nothing is given out', () => {
    expect(ask('kubernetes://web', { identity: '' })).toBeUndefined();
    expect(ask('kubernetes://web', { identity: EDGE.replace('ns/edge', 'ns/shop') })).toBeUndefined();
    expect(ask('configmap://far/roots-cacert', { identity: '' })).toBeUndefined();
  });

  test('a proxy that no Gateway selects gets no server certificate', () => expect(ask('kubernetes://web', { labels: {} })).toBeUndefined());
});
