/** Conditions on Istio's own resources: what analysis, sources and proxies say of each. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { defineAnalysis } from '../analysis/index.js';
import { FakeApiServer, json } from '../kubernetes/testing/fake-api-server.js';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import type { Programmed } from '../status/resource-conditions.js';
import { CLUSTER_TYPE } from '../views/type-urls.js';
import { addResources, createMesh } from './mesh-instance.js';
import { ProgrammedFinder } from './programmed.js';
import { ProgrammedReports } from './programmed-reports.js';
import { conditionDrafts } from './resource-conditions.js';

const rule = (name: string, more = ''): string => `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: shop, generation: 4${more} }
spec: { host: web.shop.svc.cluster.local, trafficPolicy: { connectionPool: { tcp: { maxConnections: 7 } } } }
`;
const SERVICE = `---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
`;

function meshOf(yaml: string) {
  const made = createMesh();
  const { resources, problems } = parseResources(yaml, 'mesh.yaml');
  addResources(made.mesh, resources);
  const asked = { mesh: made.mesh, names: () => new Set(['default']), analysis: defineAnalysis(made.mesh), problems: () => problems };
  const conditions = (programmed: [string, Programmed][] = []) => conditionDrafts(asked, new Map(programmed), new Map());
  const shown = (id: string, programmed: [string, Programmed][] = []) =>
    conditions(programmed)
      .get(id)
      ?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
  return { ...made, asked, conditions, shown };
}

describe('what is said of a resource (ST-002)', () => {
  test('one that is well and nobody uses', () =>
    expect(meshOf(SERVICE + rule('a')).shown('DestinationRule shop/a')).toEqual([
      'Accepted=True/Accepted',
      'Conflicted=False/NoConflicts',
      'Programmed=Unknown/NoProxies',
    ]));

  test('one that gives way to an older one, by name', () => {
    const it = meshOf(SERVICE + rule('a') + rule('b', ', creationTimestamp: "2026-06-01T00:00:00Z"'));
    expect(it.shown('DestinationRule shop/b')?.[1]).toBe('Conflicted=True/Conflicts');
    expect(it.conditions().get('DestinationRule shop/b')?.conditions?.[1]?.message).toContain('DestinationRule shop/a');
    expect(it.shown('DestinationRule shop/a')?.[1]).toBe('Conflicted=False/NoConflicts');
  });

  test('one that was never good: its newest version is judged, whichever that is', () => {
    const it = meshOf(rule('a').replace('host: web.shop.svc.cluster.local, ', ''));
    const draft = it.conditions().get('DestinationRule shop/a');
    expect(draft).toMatchObject({ judgesLatest: true, conditions: [{ type: 'Accepted', status: 'False', reason: 'Invalid' }, {}, {}] });
    expect(draft?.conditions?.[0]?.message).toMatch(/host.*; it is not in force$/);
  });

  test.each([
    [{ proxies: 3, synced: 3 }, 'Programmed=True/Programmed', '3 of 3 proxies have it'],
    [{ proxies: 3, synced: 1 }, 'Programmed=False/Pending', '1 of 3 proxies have it'],
    [
      { proxies: 3, synced: 2, refusal: { proxy: 'web-1.shop', message: 'no such thing' } },
      'Programmed=False/RefusedByEnvoy',
      '2 of 3 proxies have it; web-1.shop: no such thing',
    ],
  ] as const)('on proxies: %j', (counted, condition, message) => {
    const it = meshOf(SERVICE + rule('a'));
    expect(it.shown('DestinationRule shop/a', [['DestinationRule shop/a', counted]])?.[2]).toBe(condition);
    expect(it.conditions([['DestinationRule shop/a', counted]]).get('DestinationRule shop/a')?.conditions?.[2]?.message).toBe(message);
  });

  test('a draft that says the same is the same', () => {
    const { asked } = meshOf(SERVICE + rule('a'));
    const before = conditionDrafts(asked, new Map(), new Map());
    expect(conditionDrafts(asked, new Map(), before).get('DestinationRule shop/a')).toBe(before.get('DestinationRule shop/a'));
  });
});

describe('what proxies have (ST-002)', () => {
  const { mesh, views } = meshOf(SERVICE + rule('a'));
  const node = { id: 'sidecar~10.0.0.1~client-1.shop~shop.svc.cluster.local', metadata: { NAMESPACE: 'shop' } };
  mesh.graph.transaction(() => mesh.rows.proxies.set(parseNode(node)));
  const connection = (type: object) =>
    [
      {
        proxy: 'client-1.shop',
        types: [
          {
            typeUrl: CLUSTER_TYPE,
            wildcard: true,
            names: [],
            versionSent: '2',
            nonceSent: '2',
            nonceAcked: '2',
            versionAcked: '2',
            isStale: false,
            ...type,
          },
        ],
      },
    ] as never;
  const counted = async (type: object) => (await new ProgrammedFinder(mesh, views).report(connection(type))).get('DestinationRule shop/a');

  test('a rule counts where a cluster that it is in was accepted', async () => expect(await counted({})).toEqual({ proxies: 1, synced: 1 }));
  test('not before it was', async () => expect(await counted({ nonceAcked: '1' })).toEqual({ proxies: 1, synced: 0 }));
  test('Envoy’s words go to what it names', async () => {
    const message = 'Error adding/updating cluster(s) outbound|80||web.shop.svc.cluster.local: no';
    expect(await counted({ nonceAcked: '1', error: { message, nonce: '2', version: '2' } })).toEqual({
      proxies: 1,
      synced: 0,
      refusal: { proxy: 'client-1.shop', message },
    });
    const other = 'Error adding/updating cluster(s) outbound|81||x: no';
    expect(await counted({ nonceAcked: '1', error: { message: other, nonce: '2', version: '2' } })).toEqual({ proxies: 1, synced: 1 });
  });
});

describe('reports of several replicas', () => {
  let server: FakeApiServer;
  afterEach(() => server.stop());

  test('they are added up, and one that is no longer renewed counts no more and is taken away', async () => {
    server = new FakeApiServer();
    const deleted: string[] = [];
    const path = '/api/v1/namespaces/istio-system/configmaps';
    server.intercept = (request, response, url) => {
      if (request.method === 'DELETE') {
        deleted.push(url.pathname.split('/').at(-1) as string);
        json(response, 200, {});
        return true;
      }
      return false;
    };
    await server.start();
    const report = JSON.stringify([['DestinationRule shop/a', { proxies: 2, synced: 1 }]]);
    server.set(path, 'mizzen-programmed-b', { data: { renewals: '1', report } }, 'istio-system');
    server.set(path, 'mizzen-programmed-broken', { data: { renewals: '1', report: 'no' } }, 'istio-system');
    const parts = { client: server.client(), namespace: 'istio-system', revision: 'default', identity: 'a', staleMs: 30 };
    const reports = new ProgrammedReports(parts);
    const own = new Map([['DestinationRule shop/a', { proxies: 1, synced: 1 }]]);
    expect([...(await reports.sum(own))]).toEqual([['DestinationRule shop/a', { proxies: 3, synced: 2 }]]);
    await new Promise((done) => setTimeout(done, 50));
    expect([...(await reports.sum(own))]).toEqual([...own]);
    expect(deleted).toEqual(['mizzen-programmed-b', 'mizzen-programmed-broken']);
  });
});
