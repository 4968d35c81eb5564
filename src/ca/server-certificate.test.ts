import { X509Certificate as NodeCertificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ClientCertificateAuthenticator } from './authenticators/client-certificate.js';
import { tlsPeer } from './authenticators/tls-peer.js';
import type { CertificateAuthority } from './authority.js';
import { certificatePem } from './pem.js';
import { ServerCertificate, type ServerCredentials } from './server-certificate.js';
import type { WorkloadIdentity } from './spiffe.js';
import { FakeClock } from './testing/fake-clock.js';
import { authorityOf, intermediateOf, materialOf, reviews, rootMaterial } from './testing/material.js';

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe('CA-016 server certificate', () => {
  test('is good for the built-in names and the given hosts, and for servers only', async () => {
    const server = new ServerCertificate(await authorityOf(), {
      hosts: ['mesh.example.com', '192.0.2.7', '2001:db8::1', 'localhost'],
      onRotate: () => {},
    });
    const leaf = new NodeCertificate((await server.current()).cert);
    server.close();
    for (const host of ['localhost', 'mizzen', 'istiod.istio-system.svc', 'mesh.example.com']) expect(leaf.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::1']) expect(leaf.checkIP(ip)).toBe(ip);
    expect(leaf.checkHost('other.example.com')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.subjectAltName?.match(/localhost/g)).toHaveLength(1);
  });

  test('a host that is no name is refused', async () => {
    const server = new ServerCertificate(await authorityOf(), { hosts: ['not a host'], onRotate: () => {} });
    await expect(server.current()).rejects.toMatchObject({ code: 'bad_name' });
    server.close();
  });

  test('rotates before half of its life and when the signer is replaced, and then calls back', async () => {
    const clock = new FakeClock();
    const authority = await authorityOf(clock);
    const rotated: ServerCredentials[] = [];
    let next = Promise.withResolvers<void>();
    const onRotate = (credentials: ServerCredentials) => {
      rotated.push(credentials);
      next.resolve();
    };
    const server = new ServerCertificate(authority, { clock, onRotate });
    const first = await server.current();
    expect(rotated).toHaveLength(0);
    await clock.advance(12 * 3600 * 1000);
    await next.promise;
    expect(rotated[0]?.cert).not.toBe(first.cert);
    next = Promise.withResolvers();
    authority.replaceSigner(await rootMaterial({ clock }));
    await next.promise;
    expect((await server.current()).ca).toBe(authority.rootPem);
    server.close();
    expect(clock.waiting).toBe(0);
  });
});

/** A TLS server as the 15012 listener is one: asks for client certificates, judges them by our authenticator. */
async function listen(authority: CertificateAuthority) {
  const authenticator = new ClientCertificateAuthenticator(authority);
  const certificate = new ServerCertificate(authority, { onRotate: (credentials) => server.setSecureContext(credentials) });
  const server = createServer({ ...(await certificate.current()), requestCert: true, rejectUnauthorized: false }, (socket) => {
    socket.on('error', () => {});
    authenticator.authenticate({ tls: tlsPeer(socket), headers: {} }).then(
      (identity) => socket.end(JSON.stringify(identity ?? 'anonymous')),
      (error: Error) => socket.end(JSON.stringify(error.message)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(
    () => certificate.close(),
    () => server.close(),
  );
  return { port: (server.address() as AddressInfo).port, certificate };
}

interface Dial {
  readonly port: number;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly session?: Buffer;
}

/** What the server made of us, with the session to resume. */
async function dial(options: Dial): Promise<{ answer: WorkloadIdentity | string; isResumed: boolean; session: Buffer | undefined }> {
  const socket = connect({ host: '127.0.0.1', servername: 'mizzen', ...options });
  let session: Buffer | undefined;
  let isResumed = false;
  socket.on('secureConnect', () => {
    isResumed = socket.isSessionReused();
  });
  socket.on('session', (data) => {
    session = data;
  });
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return { answer: JSON.parse(text), isResumed, session };
}

describe('CA-003 CA-016 a real mutual TLS handshake', () => {
  test.each(['the root', 'an intermediate'])('both sides trust each other by %s, over fresh and resumed sessions', async (signedBy) => {
    const root = await rootMaterial();
    const signer = signedBy === 'the root' ? root : await materialOf(await intermediateOf(root), certificatePem(root.certificate));
    const authority = await authorityOf(undefined, signer);
    const { port } = await listen(authority);
    const workload = await authority.issueWorkload({ identity: reviews });
    const options = { port, ca: authority.rootPem, cert: workload.certChainPem, key: workload.privateKeyPem };
    const first = await dial(options);
    expect(first.answer).toEqual(reviews);
    expect(first.isResumed).toBe(false);
    const { session } = first;
    if (session === undefined) throw new Error('the server gave no session to resume');
    const resumed = await dial({ ...options, session });
    expect(resumed).toMatchObject({ answer: reviews, isResumed: true });
  });

  test('a client without certificate is anonymous, one of another mesh is refused', async () => {
    const authority = await authorityOf();
    const { port } = await listen(authority);
    expect((await dial({ port, ca: authority.rootPem })).answer).toBe('anonymous');
    const foreign = await (await authorityOf()).issueWorkload({ identity: reviews });
    const { answer } = await dial({ port, ca: authority.rootPem, cert: foreign.certChainPem, key: foreign.privateKeyPem });
    expect(answer).toContain('does not lead to a root');
  });

  test('the client refuses a server of another root or name', async () => {
    const authority = await authorityOf();
    const { port } = await listen(authority);
    await expect(dial({ port, ca: (await rootMaterial()).roots.map(certificatePem).join('') })).rejects.toThrow(/self-signed|unable to/);
    await expect(dial({ port, ca: authority.rootPem, servername: 'elsewhere' })).rejects.toThrow('altnames');
  });

  test('two workloads shake hands directly, as sidecars do', async () => {
    const authority = await authorityOf();
    const [a, b] = [
      await authority.issueWorkload({ identity: reviews }),
      await authority.issueWorkload({ identity: { ...reviews, serviceAccount: 'b' } }),
    ];
    const server = createServer(
      { cert: b.certChainPem, key: b.privateKeyPem, ca: b.rootPem, requestCert: true, rejectUnauthorized: true },
      (socket) => {
        socket.end(JSON.stringify(socket.getPeerX509Certificate()?.subjectAltName));
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const socket = connect({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      cert: a.certChainPem,
      key: a.privateKeyPem,
      ca: a.rootPem,
      checkServerIdentity: (_, certificate) =>
        certificate.subjectaltname === 'URI:spiffe://cluster.local/ns/default/sa/b' ? undefined : new Error('wrong peer'),
    });
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(JSON.parse(text)).toBe('URI:spiffe://cluster.local/ns/default/sa/reviews');
  });
});
