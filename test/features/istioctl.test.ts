/** What istioctl asks over a discovery stream, asked and read as istioctl does, and who may ask it (DB-005). */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretsConfigDump } from '@envoyproxy/xds-protos/envoy/admin/v3/config_dump.js';
import { ClustersConfigDump, ListenersConfigDump } from '@envoyproxy/xds-protos/envoy/admin/v3/config_dump_shared.js';
import { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { DiscoveryResponse } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { ClientConfig, ConfigStatus } from '@envoyproxy/xds-protos/envoy/service/status/v3/csds.js';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createJoinToken } from '../../src/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../src/ca/join-token-key.js';
import { ControlPlane, type Listening } from '../../src/server/control-plane.js';
import { readTrustNote } from '../../src/server/trust.js';
import { createLog } from '../../src/telemetry/log.js';
import { CLUSTER_TYPE, LISTENER_TYPE, SECRET_TYPE } from '../../src/views/type-urls.js';
import { optionsIn } from './serve-options.js';
import { type DeltaCall, delta, type SotwCall, sotw } from './xds-client.js';

const WEB = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.9.0.1, ports: [{name: http, port: 80}], selector: {app: web}}
`;
const portOf = (address = ''): number => Number(address.slice(address.lastIndexOf(':') + 1));
const proxyNode = (namespace: string) =>
  Node.fromPartial({
    id: `sidecar~10.0.0.7~web-1.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, SERVICE_ACCOUNT: 'web', CLUSTER_ID: 'one', ISTIO_VERSION: '1.99.0', MIZZEN_CERTIFICATES: 'ads' },
  });
/** As istioctl's client makes it. */
const istioctl = Node.fromPartial({
  id: 'sidecar~10.1.2.3~test-1.istio-system~istio-system.svc.cluster.local',
  metadata: { GENERATOR: 'event', NAMESPACE: 'istio-system', SERVICE_ACCOUNT: 'default', ISTIO_VERSION: '65536.65536.65536' },
});

let folder: string;
let controlPlane: ControlPlane;
let listening: Listening;
const calls: (DeltaCall | SotwCall)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'istioctl-'));
  mkdirSync(join(folder, 'mesh'));
  writeFileSync(join(folder, 'mesh', 'web.yaml'), WEB);
  controlPlane = new ControlPlane(optionsIn(folder), createLog({ format: 'json', level: 'silent' }), '1.2.3');
  listening = await controlPlane.start();
});
afterEach(() => {
  for (const call of calls.splice(0)) call.stop();
});
afterAll(async () => {
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

async function identity(namespace: string, serviceAccount: string): Promise<ChannelCredentials> {
  const key = await loadOrCreateJoinTokenKey(join(folder, 'data'));
  const { token } = await createJoinToken(key, { trustDomain: 'cluster.local', namespace, serviceAccount });
  const header = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    done(null, metadata);
  });
  return credentials.combineChannelCredentials(credentials.createSsl(Buffer.from(readTrustNote(join(folder, 'data'))?.rootPem ?? '')), header);
}

/** A proxy that has its clusters, refused its listeners and was sent its secrets. */
async function proxy(namespace: string): Promise<void> {
  const call = delta(portOf(listening.xdsTls), await identity(namespace, 'web'));
  calls.push(call);
  call.send({ node: proxyNode(namespace), typeUrl: CLUSTER_TYPE });
  call.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await call.next()).nonce });
  call.send({ typeUrl: LISTENER_TYPE });
  const errorDetail = { code: 3, message: 'no such filter', details: [] };
  call.send({ typeUrl: LISTENER_TYPE, responseNonce: (await call.next()).nonce, errorDetail });
  call.send({ typeUrl: SECRET_TYPE, resourceNamesSubscribe: ['default', 'ROOTCA'] });
  await call.next();
}

interface Question {
  readonly typeUrl: string;
  readonly resourceNames?: string[];
}

/** One question over a stream of its own, with a nonce, which istioctl sends with the first request already. */
function asked(question: Question, creds?: ChannelCredentials, node = istioctl): SotwCall {
  const call = sotw(portOf(creds === undefined ? listening.xds : listening.xdsTls), creds);
  calls.push(call);
  call.send({ node, responseNonce: '2026-01-01 00:00:00', ...question });
  return call;
}
const ask = (question: Question, creds?: ChannelCredentials, node?: Node): Promise<DiscoveryResponse> => asked(question, creds, node).next();
const system = () => identity('istio-system', 'default');
const clients = (response: DiscoveryResponse): ClientConfig[] => response.resources.map(({ value }) => ClientConfig.decode(value));
const page = (response: DiscoveryResponse): string => Buffer.from(response.resources[0]?.value ?? []).toString();

describe('istioctl proxy-status and version', () => {
  test('XD-024 IC-001 istio.io/debug/syncz tells how each type stands at each proxy, and leaves the asker out', async () => {
    await proxy('shop');
    const [client, ...others] = clients(await ask({ typeUrl: 'istio.io/debug/syncz' }, await system()));
    expect(others).toEqual([]);
    expect(client?.node).toMatchObject({ id: 'web-1.shop', metadata: { CLUSTER_ID: 'one', NAMESPACE: 'shop', ISTIO_VERSION: '1.99.0' } });
    const configs = Object.fromEntries((client?.genericXdsConfigs ?? []).map((config) => [config.typeUrl, config]));
    expect(configs[CLUSTER_TYPE]?.configStatus).toBe(ConfigStatus.SYNCED);
    expect(configs[SECRET_TYPE]?.configStatus).toBe(ConfigStatus.STALE);
    expect(configs[LISTENER_TYPE]).toMatchObject({ configStatus: ConfigStatus.ERROR, errorState: { details: 'no such filter' } });
    expect(Math.abs(Number(configs[CLUSTER_TYPE]?.lastUpdated?.seconds ?? 0) - Date.now() / 1000)).toBeLessThan(30);
  });

  test('XD-028 IC-004 the answer says who gives it, as JSON', async () => {
    const { controlPlane: said } = await ask({ typeUrl: 'istio.io/debug/syncz' }, await system());
    const parsed = JSON.parse(said?.identifier ?? '') as unknown;
    expect(parsed).toMatchObject({ Component: 'mizzen', ID: expect.stringMatching(/./), Info: { version: '1.2.3' } });
  });

  test('XD-028 proxies are told with the first response of each type', async () => {
    const call = delta(portOf(listening.xds));
    calls.push(call);
    call.send({ node: proxyNode('shop'), typeUrl: CLUSTER_TYPE });
    const first = await call.next();
    call.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce, resourceNamesSubscribe: ['a-cluster-that-is-not-there'] });
    for (const [response, says] of [
      [first, true],
      [await call.next(), false],
    ] as const)
      expect((response.controlPlane?.identifier ?? '') !== '').toBe(says);
  });

  test('XD-024 IC-002 istio.io/debug/config_dump is what Envoy itself would dump, without a private key', async () => {
    await proxy('shop');
    const { resources } = await ask({ typeUrl: 'istio.io/debug/config_dump', resourceNames: ['web-1.shop'] }, await system());
    const value = (type: { $type: string }) => resources.find(({ typeUrl }) => typeUrl.endsWith(`/${type.$type}`))?.value ?? Buffer.of();
    const clusters = ClustersConfigDump.decode(value(ClustersConfigDump)).dynamicActiveClusters;
    expect(clusters.map(({ cluster }) => Cluster.decode(cluster?.value ?? Buffer.of()).name)).toContain('outbound|80||web.shop.svc.cluster.local');
    const listeners = ListenersConfigDump.decode(value(ListenersConfigDump)).dynamicListeners;
    expect(listeners.find(({ name }) => name === 'virtualOutbound')?.activeState?.listener?.typeUrl).toBe(LISTENER_TYPE);
    expect(SecretsConfigDump.decode(value(SecretsConfigDump)).dynamicActiveSecrets.map(({ name }) => name)).toContain('default');
    for (const any of resources) expect(Buffer.from(any.value).toString('latin1')).not.toContain('PRIVATE KEY');
    expect((await ask({ typeUrl: 'istio.io/debug/config_dump', resourceNames: ['nobody.shop'] }, await system())).resources).toEqual([]);
  });
});

describe('istioctl x internal-debug', () => {
  test('XD-024 IC-005 istio.io/debug answers with the page that is named', async () => {
    await proxy('shop');
    const of = async (name: string): Promise<string> => page(await ask({ typeUrl: 'istio.io/debug', resourceNames: [name] }, await system()));
    expect(JSON.parse(await of('list'))).toEqual(expect.arrayContaining(['syncz', 'configz', 'config_dump', 'edsz']));
    expect(JSON.parse(await of('syncz'))).toMatchObject([{ proxy: 'web-1.shop' }]);
    expect(JSON.parse(await of('configz'))).toEqual([]);
    expect(JSON.parse(await of('configz?all'))).toMatchObject([{ kind: 'Service', apiVersion: 'v1', metadata: { name: 'web' } }]);
    expect(JSON.parse(await of('registryz'))).toMatchObject([{ hostname: 'web.shop.svc.cluster.local' }]);
    expect(JSON.parse(await of('connections'))).toMatchObject({ totalClients: 1, clients: [{ connectionId: 'web-1.shop' }] });
    expect(JSON.parse(await of('edsz?proxyID=web-1.shop'))).toMatchObject({ configs: [{ clusterName: 'outbound|80||web.shop.svc.cluster.local' }] });
    expect(await of('edsz')).toContain('You must provide a proxyID in the query string');
    expect(await of('no-such-page')).toContain('404 page not found');
  });
});

describe('who may look', () => {
  test('DB-005 whoever is on this machine sees everything, over plaintext too', async () => {
    await proxy('shop');
    expect(clients(await ask({ typeUrl: 'istio.io/debug/syncz' }))).toHaveLength(1);
  });

  test('DB-005 another namespace sees its own proxies, and of the pages only those of its own proxies', async () => {
    await proxy('shop');
    await proxy('garden');
    const own = await identity('garden', 'web');
    const node = Node.fromPartial({ ...proxyNode('garden'), metadata: { ...proxyNode('garden').metadata, GENERATOR: 'event' } });
    const put = (question: Question) => ask(question, own, node);
    expect(clients(await put({ typeUrl: 'istio.io/debug/syncz' })).map((client) => client.node?.id)).toEqual(['web-1.garden']);
    const dump = (name: string) => put({ typeUrl: 'istio.io/debug/config_dump', resourceNames: [name] });
    expect((await dump('web-1.garden')).resources.length).toBeGreaterThan(0);
    expect((await dump('web-1.shop')).resources).toEqual([]);
    const named = async (name: string) => page(await put({ typeUrl: 'istio.io/debug', resourceNames: [name] }));
    expect(await named('config_dump?proxyID=web-1.garden')).toContain('virtualOutbound');
    expect(await named('edsz?proxyID=web-1.shop')).toContain('no proxy');
    expect(JSON.parse(await named('syncz?namespace=shop'))).toEqual([]);
    for (const name of ['configz', 'connections', 'mesh', 'no-such-page']) {
      const refused = asked({ typeUrl: 'istio.io/debug', resourceNames: [name] }, own, node);
      expect((await refused.ended()).code).toBe(7);
    }
  });

  test('DB-005 a question that names no page, or two, is refused', async () => {
    for (const resourceNames of [[], ['syncz', 'list']]) {
      expect((await asked({ typeUrl: 'istio.io/debug', resourceNames }).ended()).code).toBe(3);
    }
  });
});
