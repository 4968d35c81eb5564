/** Each page as a golden file: what istioctl, Kiali and people read. `UPDATE_GOLDEN=1` writes them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { findConflicts } from '../server/conflicts.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { CLUSTER_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE } from '../views/type-urls.js';
import type { ConnectionStatus, TypeStatus } from '../xds/connection-status.js';
import type { Caller } from './caller.js';
import type { PageParts } from './page.js';
import { createPages } from './pages.js';

const testdata = new URL('./testdata/', import.meta.url);
const NODE = {
  id: 'sidecar~10.0.0.7~web-1.shop~shop.svc.cluster.local',
  metadata: {
    NAMESPACE: 'shop',
    CLUSTER_ID: 'one',
    ISTIO_VERSION: '1.27.0',
    LABELS: { app: 'web' },
    SERVICE_ACCOUNT: 'web',
    INTERCEPTION_MODE: 'NONE',
  },
  locality: { region: 'r', zone: 'z', subZone: '' },
};

const typeStatus = (typeUrl: string, more: Partial<TypeStatus> = {}): TypeStatus => ({
  typeUrl,
  wildcard: true,
  names: [],
  versionSent: 'v2',
  nonceSent: 'n.2',
  versionAcked: 'v2',
  nonceAcked: 'n.2',
  isStale: false,
  resources: { chunks: [[{ name: 'one', version: 'v', body: Buffer.alloc(1500) }], [{ name: 'two', version: 'v', body: Buffer.alloc(100) }]] },
  ...more,
});
const connection: ConnectionStatus = {
  proxy: 'web-1.shop',
  variant: 'delta',
  node: Node.fromPartial(NODE),
  peer: { address: '10.0.0.7:1234', plaintext: false, metadata: {} },
  connectedAt: new Date(Date.UTC(2026, 1, 3)),
  bufferedBytes: 0,
  types: [
    typeStatus(CLUSTER_TYPE),
    typeStatus(LISTENER_TYPE, { nonceAcked: 'n.1', error: { message: 'no such filter', nonce: 'n.2', version: 'v2' } }),
    typeStatus(NAME_TABLE_TYPE, { nonceSent: '', nonceAcked: '', versionSent: '', versionAcked: '', resources: { chunks: [] } }),
  ],
};

function pages(more: Partial<PageParts> = {}) {
  const { mesh, views } = createMesh({ ...DEFAULT_SETTINGS, clusterId: 'one' });
  const { resources, problems } = parseResources(readFileSync(new URL('mesh.yaml', testdata), 'utf8'));
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  addResources(mesh, resources);
  const proxy = parseNode(NODE, 'spiffe://cluster.local/ns/shop/sa/web');
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return createPages({
    mesh,
    views,
    connections: () => [connection],
    problems: () => [],
    conflicts: () => findConflicts(mesh, 'cluster.local'),
    clusters: () => ['one', 'two'],
    ...more,
  });
}

/** The file holds the question, then the answer. */
function golden(file: string, question: string, answer: unknown): void {
  const url = new URL(`${file}.golden.yaml`, testdata);
  const text = `# /debug/${question}\n${stringify(JSON.parse(JSON.stringify(answer)), { lineWidth: 0, aliasDuplicateObjects: false })}`;
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(url, text);
  expect(existsSync(url) ? parse(readFileSync(url, 'utf8')) : undefined).toEqual(parse(text));
}

const ALL: Caller = {};

describe('DB-004: the pages have the JSON that istiod has', () => {
  test.each([
    ['list', 'list'],
    ['adsz', 'adsz'],
    ['connections', 'connections'],
    ['cachez', 'cachez'],
    ['cachez-sizes', 'cachez?sizes=true'],
    ['registryz', 'registryz'],
    ['endpoint-shardz', 'endpointShardz'],
    ['instancesz', 'instancesz'],
    ['configz', 'configz'],
    ['sidecarz', 'sidecarz?proxyID=web-1.shop'],
    ['authorizationz', 'authorizationz'],
    ['telemetryz', 'telemetryz'],
    ['telemetryz-of-proxy', 'telemetryz?proxyID=web-1.shop'],
    ['networkz', 'networkz'],
    ['clusterz', 'clusterz'],
    ['pushcontext', 'pushcontext'],
    ['push-status', 'push_status'],
    ['edsz', 'edsz?proxyID=web-1.shop'],
    ['config-dump-clusters', 'config_dump?proxyID=web-1.shop&types=cds'],
  ])('%s', (file, question) => {
    const { status, body } = pages()(question, ALL);
    expect(status).toBe(200);
    golden(file, question, body);
  });

  test('resourcesz names each kind with its group and version', () => {
    const { body } = pages()('resourcesz', ALL);
    expect(body).toContainEqual({ group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' });
    expect(body).toContainEqual({ group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute' });
  });

  test('IC-001 syncz has nonces by type, the last error of each, and says when', () => {
    const { body } = pages()('syncz', ALL);
    const [entry] = body as [Record<string, unknown>];
    expect(entry).toMatchObject({
      proxy: 'web-1.shop',
      proxy_type: 'sidecar',
      cluster_id: 'one',
      istio_version: '1.27.0',
      cluster_sent: 'n.2',
      cluster_acked: 'n.2',
      listener_sent: 'n.2',
      listener_acked: 'n.1',
    });
    expect(entry['resources']).toMatchObject({ [LISTENER_TYPE]: { sent: 'n.2', acked: 'n.1', lastError: 'no such filter' } });
    expect(pages()('syncz?namespace=other', ALL).body).toEqual([]);
  });

  test('IC-002 config_dump has the sections of Envoy in their order, endpoints when they are asked for', () => {
    const types = (question: string) =>
      (pages()(question, ALL).body as { configs: { '@type': string }[] }).configs.map((config) => config['@type'].split('.').at(-1));
    const sections = ['BootstrapConfigDump', 'ClustersConfigDump', 'ListenersConfigDump', 'ScopedRoutesConfigDump', 'RoutesConfigDump'];
    expect(types('config_dump?proxyID=web-1.shop')).toEqual([...sections, 'SecretsConfigDump', 'EcdsConfigDump']);
    expect(types('config_dump?proxyID=web-1.shop&include_eds')).toContain('EndpointsConfigDump');
    expect(types('config_dump?proxyID=web-1.shop&types=lds,nonsense')).toEqual(expect.arrayContaining(['Listener']));
  });

  test('a proxy that is not there is told apart from a question without one', () => {
    for (const page of ['config_dump', 'edsz', 'ndsz', 'ecdsz', 'sidecarz']) {
      expect(pages()(page, ALL)).toMatchObject({ status: 400, body: 'You must provide a proxyID in the query string\n' });
      expect(pages()(`${page}?proxyID=gone.shop`, ALL)).toMatchObject({ status: 404, body: { proxies: ['web-1.shop'] } });
    }
    expect(pages()('adsz?proxyID=gone.shop', ALL).status).toBe(404);
  });

  test('DB-005 another namespace gets only the pages about its own proxies, and only those of its own', () => {
    const shop = { namespace: 'shop' };
    const allowed = (JSON.parse(JSON.stringify(pages()('list', ALL).body)) as string[]).filter((page) => pages()(page, shop).status !== 403);
    expect(allowed).toEqual(['config_dump', 'edsz', 'ndsz', 'syncz']);
    expect(pages()('config_dump?proxyID=web-1.shop', { namespace: 'other' }).status).toBe(404);
    expect(pages()('syncz', { namespace: 'other' }).body).toEqual([]);
  });
});

describe('DB-004: pages that istiod has and that are none here', () => {
  test.each(['ambientz', 'krtz', 'mcsz', 'pprof', 'pprof/profile', 'inject', 'force_disconnect?proxyID=web-1.shop'])(
    '%s says what to look at instead',
    (question) => {
      const { status, body } = pages()(question, ALL);
      expect(status).toBe(404);
      // istioctl looks for these words.
      expect(body).toMatch(/^404 page not found: ./);
    },
  );
  test.each(['nonsense', 'constructor', '__proto__', 'pprofz'])('%s is unknown', (question) => {
    expect(pages()(question, ALL)).toEqual({ status: 404, body: '404 page not found\n' });
  });
  test('inject has what injection goes by, while a webhook runs', () => {
    const settings = { policy: 'enabled', templates: ['sidecar'] };
    expect(pages({ injection: () => settings })('inject', ALL)).toEqual({ status: 200, body: settings });
  });
});

describe('DB-007: force_disconnect', () => {
  const ended: string[] = [];
  const ask = pages({ disconnect: (proxyID) => (proxyID === 'web-1.shop' ? ended.push(proxyID) : 0) });
  test('ends the streams of the proxy that is named, and of no other', () => {
    expect(ask('force_disconnect', ALL).status).toBe(400);
    expect(ask('force_disconnect?proxyID=web-2.shop', ALL).status).toBe(404);
    expect(ask('force_disconnect?proxyID=web-1.shop', ALL)).toEqual({ status: 200, body: 'OK' });
    expect(ended).toEqual(['web-1.shop']);
  });
  test('is nothing for workloads outside the root namespace', () => {
    expect(ask('force_disconnect?proxyID=web-1.shop', { namespace: 'shop' }).status).toBe(403);
  });
});
