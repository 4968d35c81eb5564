/**
 * Who may join. Everybody shows something here: gRPC clients over both ADS variants and the CSR service, and real Envoys. The right ones get a key;
 * all others are refused for a reason that they, the log and the metrics tell, and get nothing.
 */
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { IstioCertificateRequest, IstioCertificateResponse } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import { type ChannelCredentials, Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { CertificateAuthority } from '../src/ca/authority.js';
import { generateRoot } from '../src/ca/root.js';
import { signingMaterial } from '../src/ca/signing-material.js';
import { readTrustNote } from '../src/server/trust.js';
import { CLUSTER_TYPE, SECRET_TYPE } from '../src/views/type-urls.js';
import { delta, sotw } from '../test/features/xds-client.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type ClientCertificate, channel, expiredToken, oddToken, revoke, type Shown, tokenOf } from './harness/credentials.js';
import { type Envoy, startEnvoy } from './harness/envoy.js';
import { type Mizzen, startMizzen, writeBootstrap } from './harness/mizzen.js';
import { freePort } from './harness/ports.js';
import { checkout, node, run } from './harness/processes.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const MESH = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.10, selector: { app: web }, ports: [{ name: http, port: 80 }] }
`;
const ISSUER = 'https://cluster.example';
const WEB = { namespace: 'shop', serviceAccount: 'web' };
const UNAUTHENTICATED = 16;
const DENIED = 7;

let folder: string;
let data: string;
let mizzen: Mizzen;
let refusals = 0;
let used = 0;
let outcomes = 0;
const root = (): string => readTrustNote(data)?.rootPem ?? '';
const serve = () => ({ config: join(folder, 'mesh'), dataDir: data, args: ['--oidc-issuer', `${ISSUER}=${join(folder, 'issuer.json')}`] });
const portOf = (address: string): number => Number(address.split(':').at(-1));
const bearer = (token: string): Shown => ({ authorization: `Bearer ${token}` });

/** Keys of an OIDC issuer that the control plane knows. */
const issuerKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
function account(claims: Record<string, unknown> = {}, key = issuerKeys.privateKey): Promise<string> {
  const all = { iss: ISSUER, aud: 'istio-ca', sub: 'system:serviceaccount:shop:web', exp: Math.floor(Date.now() / 1000) + 600, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(key);
}

/** A certificate for web of an authority that is not the mesh's. */
async function foreign(trustDomain = 'cluster.local'): Promise<ClientCertificate> {
  const { certificatePem: text, keyPem } = await generateRoot({ trustDomain });
  const signer = await signingMaterial({ certificate: { name: 'root', text }, key: { name: 'key', text: keyPem }, roots: { name: 'root', text } });
  const issued = await new CertificateAuthority(signer, { trustDomain }).issueWorkload({ identity: { trustDomain, ...WEB } });
  return { key: issued.privateKeyPem, chain: issued.certChainPem };
}

/** One of the mesh's own root that ended `agoMs` ago. */
async function own(identity: typeof WEB, agoMs = -3_600_000): Promise<ClientCertificate> {
  const text = readFileSync(join(data, 'ca', 'ca-cert.pem'), 'utf8');
  const keyPem = readFileSync(join(data, 'ca', 'ca-key.pem'), 'utf8');
  const signer = await signingMaterial({ certificate: { name: 'root', text }, key: { name: 'key', text: keyPem }, roots: { name: 'root', text } });
  const clock = { now: () => Date.now() - Math.max(agoMs + 60_000, 0), after: () => () => undefined };
  const authority = new CertificateAuthority(signer, { trustDomain: 'cluster.local', clock });
  const issued = await authority.issueWorkload({ identity: { trustDomain: 'cluster.local', ...identity }, ttlMs: agoMs < 0 ? -agoMs : 60_000 });
  return { key: issued.privateKeyPem, chain: issued.certChainPem };
}

function nodeOf({ namespace, serviceAccount }: { namespace: string; serviceAccount: string }, metadata: Record<string, unknown> = {}): Node {
  return Node.fromPartial({
    id: `sidecar~10.0.0.7~web-1.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, SERVICE_ACCOUNT: serviceAccount, MIZZEN_CERTIFICATES: 'ads', ...metadata },
  });
}

/** What a stream that asks for its secrets brings: names of secrets with a key or roots, or how it ended. */
async function ask(open: typeof delta | typeof sotw, creds: ChannelCredentials | undefined, who: Node, address: string) {
  const call = open(portOf(address), creds);
  try {
    if (open === sotw) call.send({ node: who, typeUrl: SECRET_TYPE, resourceNames: ['default', 'ROOTCA'] } as never);
    else call.send({ node: who, typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default', 'ROOTCA'] } as never);
    const response = await call.poll(4000);
    if (response === undefined) return { secrets: [] as string[], ...call.status };
    const bodies = response.resources.map((one) => ('resource' in one ? one.resource?.value : 'value' in one ? one.value : undefined));
    return { secrets: bodies.map((value) => Secret.decode(value ?? Buffer.of()).name).toSorted() };
  } finally {
    call.stop();
  }
}

/** Sends a CSR (which is nonsense: nobody's is read before they are known); the status. */
function sign(creds: ChannelCredentials, address: string): Promise<{ code: number; details: string }> {
  const client = new Client(address, creds);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/istio.v1.auth.IstioCertificateService/CreateCertificate',
      (message: IstioCertificateRequest) => Buffer.from(IstioCertificateRequest.encode(message).finish()),
      (bytes) => IstioCertificateResponse.decode(bytes),
      IstioCertificateRequest.fromPartial({ csr: 'nonsense', validityDuration: 60n }),
      (error: ServiceError | null) => {
        client.close();
        resolve({ code: error?.code ?? 0, details: error?.details ?? '' });
      },
    );
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizzen-joining-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  data = join(folder, 'data');
  mkdirSync(join(folder, 'mesh'));
  writeFileSync(join(folder, 'mesh', 'mesh.yaml'), MESH);
  writeFileSync(join(folder, 'issuer.json'), JSON.stringify({ keys: [{ ...(await exportJWK(issuerKeys.publicKey)), kid: 'one', alg: 'ES256' }] }));
  mizzen = await startMizzen(serve());
}, 60_000);
afterAll(cleanup, 60_000);

/** The log keeps what strangers do to twenty lines at once. Here every one is looked at, so the control plane starts anew before they are used up. */
async function makeRoom(lines: number): Promise<void> {
  used += lines;
  if (used <= 20) return;
  used = lines;
  await mizzen.stop();
  mizzen = await startMizzen(serve());
}

/** Tokens of the command line, by workload: each of them takes a process. */
const tokens = new Map<string, Promise<string>>();
function tokenFor(namespace: string, serviceAccount: string, dataDir = data): Promise<string> {
  const key = `${dataDir} ${namespace}/${serviceAccount}`;
  const token = tokens.get(key) ?? tokenOf(dataDir, namespace, serviceAccount).then((made) => made.token);
  tokens.set(key, token);
  return token;
}

/** The first refusal that the log tells of behind this place. No token may stand in it. */
async function refusalSince(place: number): Promise<object> {
  const lines = (): string[] => mizzen.process.output().slice(place).split('\n');
  const line = await until('the log to tell of a refusal', () => lines().find((one) => one.includes('"stream refused"') && one.endsWith('}')), {
    timeoutMs: 3000,
  });
  expect(line).not.toContain('eyJ');
  return JSON.parse(line) as object;
}

interface Case {
  readonly shows: () => Shown | Promise<Shown>;
  readonly node?: Node;
  readonly status: number;
  readonly reason: string;
}

const web = async (): Promise<Shown> => bearer(await tokenFor('shop', 'web'));

const refused: Record<string, Case> = {
  'no credential': { shows: () => ({}), status: UNAUTHENTICATED, reason: 'no credential' },
  "another workload's token": {
    shows: async () => bearer(await tokenFor('shop', 'cart')),
    status: DENIED,
    reason: 'claims service account "web", but its peer is spiffe://cluster.local/ns/shop/sa/cart',
  },
  "another namespace's token": {
    shows: async () => bearer(await tokenFor('bank', 'web')),
    status: DENIED,
    reason: 'claims namespace "shop", but its peer is spiffe://cluster.local/ns/bank/sa/web',
  },
  'a lie about the namespace': { shows: web, node: nodeOf({ ...WEB, namespace: 'bank' }), status: DENIED, reason: 'claims namespace "bank"' },
  'a lie about the namespace in the id alone': {
    shows: web,
    node: Node.fromPartial({ id: 'sidecar~10.0.0.7~web-1.bank~bank.svc.cluster.local', metadata: { SERVICE_ACCOUNT: 'web' } }),
    status: DENIED,
    reason: 'claims namespace "bank"',
  },
  'a lie about the service account': {
    shows: web,
    node: nodeOf({ ...WEB, serviceAccount: 'root' }),
    status: DENIED,
    reason: 'claims service account "root"',
  },
  'an expired token': { shows: async () => bearer(await expiredToken(data, 'shop', 'web')), status: UNAUTHENTICATED, reason: '"exp" claim' },
  'a revoked token': {
    shows: async () => {
      const { token, id } = await tokenOf(data, 'shop', 'web');
      await revoke(data, id);
      return bearer(token);
    },
    status: UNAUTHENTICATED,
    reason: 'was revoked',
  },
  'a token for another audience': {
    shows: async () => bearer(await oddToken(data, {}, { aud: 'elsewhere' })),
    status: UNAUTHENTICATED,
    reason: '"aud" claim',
  },
  'a token of another issuer with our key': {
    shows: async () => bearer(await oddToken(data, {}, { iss: 'https://elsewhere.example' })),
    status: UNAUTHENTICATED,
    reason: '"iss" claim',
  },
  'a token for another trust domain': {
    shows: async () => bearer(await oddToken(data, {}, { sub: 'spiffe://elsewhere.example/ns/shop/sa/web' })),
    status: UNAUTHENTICATED,
    reason: 'trust domain',
  },
  'a token of our key that is no join token': {
    shows: async () => bearer(await oddToken(data, { typ: 'JWT' }, {})),
    status: UNAUTHENTICATED,
    reason: '"typ"',
  },
  'a token of another mesh': {
    shows: async () => bearer(await tokenFor('shop', 'web', join(folder, 'other-data'))),
    status: UNAUTHENTICATED,
    reason: 'signature',
  },
  'a token without signature': {
    shows: () => bearer(new UnsecuredJWT({ iss: 'mizzen', aud: 'mizzen', sub: 'spiffe://cluster.local/ns/shop/sa/web', jti: 'x' }).encode()),
    status: UNAUTHENTICATED,
    reason: 'algorithm must be ES256',
  },
  'a password': { shows: () => ({ authorization: 'Basic d2ViOndlYg==' }), status: UNAUTHENTICATED, reason: 'authorization header' },
  'nonsense for a token': { shows: () => bearer('nonsense'), status: UNAUTHENTICATED, reason: 'is not a JWT' },
  "a service account's token for another audience": {
    shows: async () => bearer(await account({ aud: 'vault' })),
    status: UNAUTHENTICATED,
    reason: '"aud" claim',
  },
  "a service account's expired token": {
    shows: async () => bearer(await account({ exp: 1_600_000_000 })),
    status: UNAUTHENTICATED,
    reason: '"exp" claim',
  },
  "a service account's token with a forged signature": {
    shows: async () => bearer(await account({}, otherKeys.privateKey)),
    status: UNAUTHENTICATED,
    reason: 'signature',
  },
  'a token signed with the public key of the issuer as if it were a shared secret': {
    shows: async () => {
      const secret = createSecretKey(Buffer.from(issuerKeys.publicKey.export({ format: 'pem', type: 'spki' })));
      const claims = { iss: ISSUER, aud: 'istio-ca', sub: 'system:serviceaccount:shop:web', exp: Math.floor(Date.now() / 1000) + 600 };
      return bearer(await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret));
    },
    status: UNAUTHENTICATED,
    reason: 'alg',
  },
  "a person's token": {
    shows: async () => bearer(await account({ sub: 'alice' })),
    status: UNAUTHENTICATED,
    reason: 'no service account',
  },
  "another service account's token": {
    shows: async () => bearer(await account({ sub: 'system:serviceaccount:bank:web' })),
    status: DENIED,
    reason: 'its peer is spiffe://cluster.local/ns/bank/sa/web',
  },
  'a certificate of an unknown authority': {
    shows: async () => ({ certificate: await foreign() }),
    status: UNAUTHENTICATED,
    reason: 'client certificate',
  },
  'an expired certificate': {
    shows: async () => ({ certificate: await own(WEB, 120_000) }),
    status: UNAUTHENTICATED,
    reason: 'expired',
  },
  "another workload's certificate": {
    shows: async () => ({ certificate: await own({ namespace: 'bank', serviceAccount: 'web' }) }),
    status: DENIED,
    reason: 'its peer is spiffe://cluster.local/ns/bank/sa/web',
  },
  'a good certificate with a stolen token': {
    shows: async () => ({ certificate: await own(WEB), ...bearer(await tokenFor('shop', 'cart')) }),
    status: UNAUTHENTICATED,
    reason: 'credentials disagree',
  },
  'a good token with a certificate of an unknown authority': {
    shows: async () => ({ certificate: await foreign(), ...(await web()) }),
    status: UNAUTHENTICATED,
    reason: 'client certificate',
  },
};

describe('gRPC clients', () => {
  test.each([
    ['a join token', web],
    ["a service account's token", async () => bearer(await account())],
    ['a certificate of the mesh', async () => ({ certificate: await own(WEB) })],
    ['a certificate and a token of the same workload', async () => ({ certificate: await own(WEB), ...(await web()) })],
  ] as const)('XD-018: %s opens both variants, and brings the key', async (_, shows) => {
    for (const open of [delta, sotw]) {
      const { secrets } = await ask(open, channel(root(), await shows()), nodeOf(WEB), mizzen.xdsTls);
      expect(secrets).toEqual(['ROOTCA', 'default']);
      outcomes++;
    }
  });

  test.each(Object.entries(refused))('XD-018: %s opens nothing', async (_, { shows, node: who = nodeOf(WEB), status, reason }) => {
    const creds = channel(root(), await shows());
    await makeRoom(3);
    for (const open of [delta, sotw]) {
      const before = await mizzen.metric('mizzen_xds_refused_streams_total', `status="${status}"`);
      const logged = mizzen.process.output().length;
      const end = await ask(open, creds, who, mizzen.xdsTls);
      expect(end).toMatchObject({ code: status, secrets: [] });
      expect(end).toHaveProperty('details', expect.stringContaining(reason));
      expect(await mizzen.metric('mizzen_xds_refused_streams_total', `status="${status}"`)).toBe(before + 1);
      expect(await refusalSince(logged)).toMatchObject({ status, reason: expect.stringContaining(reason) });
      refusals++;
    }
    if (status !== UNAUTHENTICATED) return;
    const failures = await mizzen.metric('citadel_server_authentication_failure_count');
    const logged = mizzen.process.output().length;
    expect(await sign(creds, mizzen.xdsTls)).toEqual({ code: status, details: expect.stringContaining(reason) });
    expect(await mizzen.metric('citadel_server_authentication_failure_count')).toBe(failures + 1);
    expect(await refusalSince(logged)).toMatchObject({ status, reason: expect.stringContaining(reason) });
    refusals++;
  });

  test('XD-017: over plaintext there are clusters, and no secret; no CSR is taken', async () => {
    const before = await mizzen.metric('mizzen_xds_secrets_refused_total');
    for (const open of [delta, sotw]) {
      const { secrets } = await ask(open, undefined, nodeOf(WEB), mizzen.xds);
      expect(secrets).toEqual([]);
    }
    const call = delta(portOf(mizzen.xds));
    call.send({ node: nodeOf(WEB), typeUrl: CLUSTER_TYPE });
    expect((await call.next()).resources.map(({ name }) => name)).toContain('outbound|80||web.shop.svc.cluster.local');
    call.stop();
    expect(await mizzen.metric('mizzen_xds_secrets_refused_total')).toBe(before + 2);
    expect(mizzen.process.output()).toContain('asked for secrets over plaintext');
    expect((await sign(credentials.createInsecure(), mizzen.xds)).code).toBe(12);
    refusals += 3;
  });

  test('XD-017: plaintext beyond loopback has to be allowed', async () => {
    const options = ['--config', join(folder, 'mesh'), '--data-dir', join(folder, 'x'), '--xds-tls-address', 'off', '--http-address', 'off'];
    const started = run(node, [join(checkout, 'bin/mizzen.js'), 'serve', ...options, '--xds-address', '0.0.0.0:0']);
    await expect(started).rejects.toThrow(/exit 2[^]*--xds-plaintext anywhere/);
    refusals++;
    measured(`${refusals} refusals of gRPC clients, each with its reason in status, log and metrics; ${outcomes} joins`);
  });
});

describe('real Envoys', () => {
  let envoys = 0;

  /** An Envoy for web whose bootstrap was changed, and what it was refused for. */
  async function start(name: string, change: (text: string) => string): Promise<Envoy> {
    const bootstrap = join(folder, `${name.replaceAll(/\W/g, '-')}.json`);
    const adminPort = await freePort();
    const at = { name: `e${++envoys}`, ip: '127.0.0.1', interception: 'NONE', adminPort, dataDir: data, output: bootstrap } as const;
    await writeBootstrap({ ...WEB, ...at, xdsAddress: mizzen.xdsTls });
    writeFileSync(bootstrap, change(readFileSync(bootstrap, 'utf8')));
    return startEnvoy({ name, bootstrap, adminPort });
  }

  const withToken =
    (token: string) =>
    (text: string): string =>
      text.replace(/Bearer [^"]+/, `Bearer ${token}`);
  const keyOf = async (envoy: Envoy): Promise<boolean> => (await envoy.admin('certs')).includes('spiffe://');

  test('XD-018: the right one joins and holds its key', async () => {
    const envoy = await start('right', (text) => text);
    await until('the Envoy to hold its certificate', () => keyOf(envoy));
    expect(await envoy.stat('cluster_manager.cds.update_success')).toBeGreaterThan(0);
    await envoy.stop();
  });

  test.each([
    ['a stolen token', async () => withToken(await tokenFor('shop', 'cart')), 'claims service account'],
    ['an expired token', async () => withToken(await expiredToken(data, 'shop', 'web')), '"exp" claim'],
    ['a revoked token', async () => withToken(await revokedToken()), 'was revoked'],
    ['a token for another audience', async () => withToken(await oddToken(data, {}, { aud: 'elsewhere' })), '"aud" claim'],
    ['a lie about its namespace', async () => (text: string) => text.replaceAll('"shop"', '"bank"'), 'claims namespace'],
    ['no token', async () => (text: string) => text.replace('"authorization"', '"x-nothing"'), 'no credential'],
  ] as const)('XD-018: with %s it gets nothing', async (name, change, reason) => {
    await makeRoom(10); // it tries again and again
    const logged = mizzen.process.output().length;
    const envoy = await start(name, await change());
    await until(`the log to tell: ${reason}`, () => mizzen.process.output().slice(logged).includes(reason.replaceAll('"', '\\"')));
    await sleep(500);
    expect(await envoy.stat('cluster_manager.cds.update_success')).toBe(0);
    expect(await envoy.stat('control_plane.connected_state')).toBe(0);
    expect(await keyOf(envoy)).toBe(false);
    await envoy.stop();
    refusals++;
  });

  test('CA-014: it does not talk to a control plane of another root', async () => {
    const { certificatePem } = await generateRoot({ trustDomain: 'cluster.local' });
    const roots = /-----BEGIN CERTIFICATE-----[^"]*-----END CERTIFICATE-----\\n/;
    const envoy = await start('other root', (text) => text.replace(roots, certificatePem.replaceAll('\n', '\\n')));
    await until('the handshake to fail', async () => (await envoy.stat('cluster.xds-grpc.ssl.fail_verify_error')) > 0);
    expect(await envoy.stat('cluster_manager.cds.update_success')).toBe(0);
    await envoy.stop();
    refusals++;
    measured(`${refusals} refusals in all, ${envoys} real Envoys`);
  });

  async function revokedToken(): Promise<string> {
    const { token, id } = await tokenOf(data, 'shop', 'web');
    await revoke(data, id);
    return token;
  }
});
