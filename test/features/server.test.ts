/** The whole control plane on free ports: files in, xDS out, joined as a stock Envoy joins. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createJoinToken } from '../../src/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../src/ca/join-token-key.js';
import { ControlPlane, type Listening } from '../../src/server/control-plane.js';
import { parseAddress } from '../../src/server/options.js';
import { readTrustNote } from '../../src/server/trust.js';
import { createLog } from '../../src/telemetry/log.js';
import { CLUSTER_TYPE, LISTENER_TYPE, SECRET_TYPE } from '../../src/views/type-urls.js';
import { optionsIn } from './serve-options.js';
import { type DeltaCall, delta } from './xds-client.js';

const WEB = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.9.0.1, ports: [{name: http, port: 80}], selector: {app: web}}
`;
const CART = WEB.replace('name: web', 'name: cart').replace('10.9.0.1', '10.9.0.2').replace('app: web', 'app: cart');
const WEB_CLUSTER = 'outbound|80||web.shop.svc.cluster.local';
const CART_CLUSTER = 'outbound|80||cart.shop.svc.cluster.local';

const nodeOf = (namespace = 'shop', serviceAccount = 'web') =>
  Node.fromPartial({
    id: `sidecar~10.0.0.7~web-1.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, SERVICE_ACCOUNT: serviceAccount, LABELS: { app: 'web' }, MIZZEN_CERTIFICATES: 'ads' },
  });

let folder: string;
let controlPlane: ControlPlane;
let listening: Listening;
const calls: DeltaCall[] = [];
const logged: string[] = [];

const portOf = (address = ''): number => Number(address.slice(address.lastIndexOf(':') + 1));
const put = (text: string): void => writeFileSync(join(folder, 'mesh', 'services.yaml'), text);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'server-'));
  mkdirSync(join(folder, 'mesh'));
  put(WEB);
  const log = createLog({ format: 'json', level: 'debug', destination: { write: (line) => void logged.push(line) } });
  controlPlane = new ControlPlane(optionsIn(folder), log, '0.0.0');
  listening = await controlPlane.start();
});
afterEach(() => {
  for (const call of calls.splice(0)) call.stop();
});
afterAll(async () => {
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

async function joined(namespace = 'shop', serviceAccount = 'web'): Promise<ChannelCredentials> {
  const key = await loadOrCreateJoinTokenKey(join(folder, 'data'));
  const { token } = await createJoinToken(key, { trustDomain: 'cluster.local', namespace, serviceAccount });
  return withHeader(`Bearer ${token}`);
}

function tls(): ChannelCredentials {
  return credentials.createSsl(Buffer.from(readTrustNote(join(folder, 'data'))?.rootPem ?? ''));
}

function withHeader(authorization: string): ChannelCredentials {
  const header = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', authorization);
    done(null, metadata);
  });
  return credentials.combineChannelCredentials(tls(), header);
}

function open(address: string | undefined, creds?: ChannelCredentials): DeltaCall {
  const call = delta(portOf(address), creds);
  calls.push(call);
  return call;
}

const get = async (path: string) => fetch(`http://${listening.http}${path}`);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 4000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a proxy that joins over TLS with a join token', () => {
  test('XD-019 gets clusters, listeners and the secrets of its own identity', async () => {
    const call = open(listening.xdsTls, await joined());
    call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
    const clusters = await call.next();
    expect(clusters.resources.map(({ name }) => name)).toContain(WEB_CLUSTER);
    call.send({ typeUrl: CLUSTER_TYPE, responseNonce: clusters.nonce });
    call.send({ typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default', 'ROOTCA'] });
    const secrets = await call.next();
    const [own] = secrets.resources.filter(({ name }) => name === 'default').map(({ resource }) => Secret.decode(resource?.value ?? Buffer.of()));
    expect(own?.type?.$case).toBe('tlsCertificate');
    expect(secrets.resources.map(({ name }) => name).sort()).toEqual(['ROOTCA', 'default']);
    call.send({ typeUrl: SECRET_TYPE, responseNonce: secrets.nonce });
    call.send({ typeUrl: LISTENER_TYPE });
    expect((await call.next()).resources.map(({ name }) => name)).toContain('virtualOutbound');
  });

  test('XD-018 is refused for a namespace or a service account that is not its own', async () => {
    for (const [namespace, account, names] of [
      ['other', 'web', ['"other"', 'spiffe://cluster.local/ns/shop/sa/web']],
      ['shop', 'root', ['"root"', 'spiffe://cluster.local/ns/shop/sa/web']],
    ] as const) {
      const call = open(listening.xdsTls, await joined());
      call.send({ node: nodeOf(namespace, account), typeUrl: CLUSTER_TYPE });
      const { code, details } = await call.ended();
      expect(code).toBe(7);
      for (const name of names) expect(details).toContain(name);
    }
  });

  test('a node that cannot be a proxy is told why', async () => {
    const call = open(listening.xdsTls, await joined());
    call.send({ node: Node.fromPartial({ id: 'nonsense' }), typeUrl: CLUSTER_TYPE });
    expect(await call.ended()).toMatchObject({ code: 3, details: expect.stringContaining('nonsense') });
  });

  test.each([
    ['no token', undefined],
    ['a bad token', 'Bearer nonsense'],
  ])('%s is refused over TLS', async (_, header) => {
    const call = open(listening.xdsTls, header === undefined ? tls() : withHeader(header));
    call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
    expect((await call.ended()).code).toBe(16);
  });
});

test('over plaintext there are clusters, and never a secret', async () => {
  const holder = open(listening.xdsTls, await joined());
  holder.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
  await holder.next();
  const call = open(listening.xds);
  call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
  expect((await call.next()).resources.map(({ name }) => name)).toContain(WEB_CLUSTER);
  call.send({ typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default', 'ROOTCA'] });
  expect((await call.poll(200))?.resources ?? []).toEqual([]);
});

test('an edit is pushed; a broken edit keeps the last good state and is told', async () => {
  const call = open(listening.xdsTls, await joined());
  call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
  const first = await call.next();
  call.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
  put(`${WEB}---\n${CART}`);
  const second = await call.next();
  expect(second.resources.map(({ name }) => name)).toEqual([CART_CLUSTER]);
  call.send({ typeUrl: CLUSTER_TYPE, responseNonce: second.nonce });

  put(`${WEB}---\n${CART}\n  broken: [`);
  await until('the problem shows', async () => ((await (await get('/debug/problems')).json()) as unknown[]).length > 0);
  const [problem] = (await (await get('/debug/problems')).json()) as { text: string }[];
  expect(problem?.text).toMatch(/services\.yaml:\d+:\d+: error: /);
  expect(await (await get('/metrics')).text()).toMatch(/^mizzen_config_errors [1-9]/m);
  expect(await call.poll(100)).toBeUndefined();

  put(`${WEB}---\n${CART}`);
  await until('the problem goes', async () => ((await (await get('/debug/problems')).json()) as unknown[]).length === 0);
});

test('operators see who is connected, what is out of step, and no secret', async () => {
  expect((await get('/ready')).status).toBe(200);
  const call = open(listening.xdsTls, await joined());
  call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
  const clusters = await call.next();
  call.send({ typeUrl: CLUSTER_TYPE, responseNonce: clusters.nonce, errorDetail: { code: 3, message: 'I do not like it', details: [] } });
  await until('the refusal is counted', async () => /^pilot_total_xds_rejects\{type="cds"\} 1$/m.test(await (await get('/metrics')).text()));
  const synced = (await (await get('/debug/syncz')).json()) as { proxy: string; types: { type: string; status: string; error?: string }[] }[];
  const mine = synced.flatMap(({ proxy, types }) => (proxy === 'web-1.shop' ? types : [])).find(({ status }) => status === 'ERROR');
  expect(mine).toMatchObject({ type: 'Cluster', error: 'I do not like it' });
  expect(logged.join('')).toContain('I do not like it');

  const dump = await (await get('/debug/config_dump?proxyID=web-1.shop&origins')).text();
  expect(dump).toContain(WEB_CLUSTER);
  expect(dump).toContain('services.yaml:1');
  const missing = await get('/debug/config_dump?proxyID=nobody.nowhere');
  expect(missing.status).toBe(404);
  expect(await missing.text()).toContain('web-1.shop');
  for (const page of ['/debug', '/debug/graph', '/debug/graph?format=mermaid', '/healthz']) expect((await get(page)).status).toBe(200);
  for (const text of [dump, logged.join('')]) expect(text).not.toContain('PRIVATE KEY');
});

test('a proxy and its certificate are forgotten with its last stream', async () => {
  const rows = async () => (await (await get('/debug/graph')).json()) as { rows: { proxies: number; certificates: number } };
  const one = open(listening.xdsTls, await joined());
  const two = open(listening.xdsTls, await joined());
  for (const call of [one, two]) {
    call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
    await call.next();
  }
  await until('only these two are left', async () => (await rows()).rows.proxies === 1);
  expect(await (await get('/metrics')).text()).toMatch(/^pilot_xds\{version=""\} 2$/m);
  one.stop();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await rows()).rows).toMatchObject({ proxies: 1, certificates: 1 });
  two.stop();
  await until('both rows are gone', async () => (await rows()).rows.proxies === 0 && (await rows()).rows.certificates === 0);
});

test('CA-003 the certificate that SDS gave is a credential of its own', async () => {
  const call = open(listening.xdsTls, await joined());
  call.send({ node: nodeOf(), typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default'] });
  const [resource] = (await call.next()).resources;
  const { type } = Secret.decode(resource?.resource?.value ?? Buffer.of());
  if (type?.$case !== 'tlsCertificate') throw new Error('no certificate came');
  const pem = (source: { specifier?: { $case: string; value: unknown } | undefined } | undefined): Buffer =>
    Buffer.from(source?.specifier?.value as Uint8Array);
  const { rootPem = '' } = readTrustNote(join(folder, 'data')) ?? {};
  const again = open(listening.xdsTls, credentials.createSsl(Buffer.from(rootPem), pem(type.value.privateKey), pem(type.value.certificateChain)));
  again.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
  expect((await again.next()).resources.length).toBeGreaterThan(0);
  const other = open(listening.xdsTls, credentials.createSsl(Buffer.from(rootPem), pem(type.value.privateKey), pem(type.value.certificateChain)));
  other.send({ node: nodeOf('other'), typeUrl: CLUSTER_TYPE });
  expect((await other.ended()).code).toBe(7);
});

test('a second start keeps the root; a stop tells proxies to go elsewhere and is not ready any more', async () => {
  const data = join(folder, 'data');
  const before = readTrustNote(data);
  const second = new ControlPlane(optionsIn(folder, { xdsAddress: undefined }), createLog({ format: 'json', level: 'silent' }), '0.0.0');
  const { xds, xdsTls, http } = await second.start();
  expect(xds).toBeUndefined();
  expect(readTrustNote(data)).toEqual(before);
  const call = open(xdsTls, await joined());
  call.send({ node: nodeOf(), typeUrl: CLUSTER_TYPE });
  await call.next();
  await second.close(100);
  expect((await call.ended()).code).toBe(14);
  await expect(fetch(`http://${http}/ready`)).rejects.toThrow();
});

test('a port that is taken is a clear failure that leaves nothing open', async () => {
  const taken = parseAddress(listening.xds ?? '');
  const options = optionsIn(folder, { xdsAddress: taken, xdsTlsAddress: undefined, httpAddress: undefined });
  const second = new ControlPlane(options, createLog({ format: 'json', level: 'silent' }), '0.0.0');
  await expect(second.start()).rejects.toThrow('EADDRINUSE');
});
