/** The gRPC transport by itself: limits, errors and TLS, seen by a client library that is not ours. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { connect } from 'node:http2';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { credentials } from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { TypeUrl } from '../../src/xds/push-order.js';
import { XdsServer } from '../../src/xds/server.js';
import { FakeProvider } from '../../src/xds/testing/fake-provider.js';
import { Http2GrpcServer, type Http2GrpcServerOptions } from '../../src/xds/transport/http2-server.js';
import type { PeerInfo } from '../../src/xds/transport/peer.js';
import { uriSansOf } from '../../src/xds/transport/peer-tls.js';
import { delta, sotw, texts } from './xds-client.js';

const node = Node.fromPartial({ id: 'a' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Http2GrpcServerOptions = {}, tls?: { key: string; cert: string; ca?: string }) {
  const peers: PeerInfo[] = [];
  const provider = new FakeProvider();
  const connectTo = provider.connect.bind(provider);
  const xds = new XdsServer({ provider: { connect: (n, peer) => (peers.push(peer), connectTo(n)) } });
  const grpc = new Http2GrpcServer(options);
  xds.attach(grpc);
  const { port } = await grpc.listen({ host: '127.0.0.1', port: 0, ...(tls === undefined ? {} : { tls }) });
  cleanups.push(
    () => grpc.close(0),
    () => xds.close(),
  );
  return { provider, grpc, port, peers };
}
const kept = <T extends { stop(): void }>(call: T): T => {
  cleanups.push(() => call.stop());
  return call;
};

async function certificate() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true),
      new SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'url', value: 'spiffe://cluster.local/ns/a/sa/b' },
      ]),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { cert: cert.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n` };
}

test('a big response arrives whole, and a message over the limit is RESOURCE_EXHAUSTED', async () => {
  const { provider, port } = await serve({ limits: { maxMessageBytes: 1_000 } });
  provider.set(TypeUrl.cluster, 'big', 'x'.repeat(9_000_000));
  const call = kept(sotw(port));
  call.send({ node, typeUrl: TypeUrl.cluster });
  expect(texts(await call.next())[0]?.length).toBe(9_000_004);
  call.send({ typeUrl: TypeUrl.route, resourceNames: ['r'.repeat(2_000)] });
  expect(await call.ended()).toMatchObject({ code: 8, details: expect.stringContaining('over the limit of 1000') });
});

test('too many requests are RESOURCE_EXHAUSTED', async () => {
  const { port } = await serve({ limits: { requestsPerSecond: 1, requestBurst: 3 } });
  const call = kept(delta(port));
  for (let i = 0; i < 5; i++) call.send({ node, typeUrl: TypeUrl.cluster });
  expect(await call.ended()).toMatchObject({ code: 8, details: expect.stringContaining('1 requests a second') });
});

test('unknown methods are UNIMPLEMENTED, other content types 415', async () => {
  const { port } = await serve();
  const session = connect(`http://127.0.0.1:${port}`);
  cleanups.push(() => session.destroy());
  const headersOf = (contentType: string) =>
    new Promise<Record<string, unknown>>((resolve) => {
      const request = session.request({ ':method': 'POST', ':path': '/no.Service/Method', 'content-type': contentType });
      request.on('response', resolve);
      request.end();
    });
  expect((await headersOf('application/grpc'))['grpc-status']).toBe('12');
  expect((await headersOf('text/plain'))[':status']).toBe(415);
});

test('XD-017 TLS: the peer certificate is shown to the provider, and the server certificate can be replaced', async () => {
  const [first, second, client] = await Promise.all([certificate(), certificate(), certificate()]);
  const { port, peers, grpc } = await serve({}, { ...first, ca: client.cert });
  const credentialsFor = (root: string) => credentials.createSsl(Buffer.from(root), Buffer.from(client.key), Buffer.from(client.cert));
  const one = kept(delta(port, credentialsFor(first.cert)));
  one.send({ node, typeUrl: TypeUrl.cluster });
  await one.next();
  expect(peers[0]).toMatchObject({ plaintext: false, tls: { authorized: true, uriSans: ['spiffe://cluster.local/ns/a/sa/b'] } });
  expect(peers[0]?.tls?.chain.length).toBe(1);
  grpc.setSecureContext({ ...second, ca: first.cert });
  const two = kept(delta(port, credentialsFor(second.cert)));
  two.send({ node, typeUrl: TypeUrl.cluster });
  await two.next();
  expect(peers[1]?.tls?.authorized).toBe(false);
});

test('a comma in a name forges no URI', () => {
  expect(uriSansOf({ subjectAltName: 'DNS:"a, URI:spiffe://evil", URI:spiffe://good, IP Address:1.2.3.4' })).toEqual(['spiffe://good']);
});
