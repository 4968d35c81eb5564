import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import type { Mesh } from '../model/mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import { addResources, createMesh } from './mesh-instance.js';
import { RegistrationFiles } from './registration-files.js';
import { Registrations } from './registrations.js';

const MESH = `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: vms, namespace: shop }
spec:
  metadata: { labels: { app: web, tier: group }, annotations: { note: kept } }
  template: { serviceAccount: web, ports: { http: 8080 }, labels: { tier: template } }
  probe: { tcpSocket: { port: 8080 } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: shop }
spec:
  hosts: [web.example]
  location: MESH_INTERNAL
  resolution: STATIC
  workloadSelector: { labels: { app: web } }
  ports: [{ number: 80, name: http, protocol: HTTP }]
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: pets, namespace: shop, annotations: { proxy.istio.io/health-checks-enabled: 'true' } }
spec: { address: 10.2.0.9, serviceAccount: web, labels: { app: web } }
---`;
const WEB = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' };
const AGENT = { ISTIO_VERSION: '1.29.0' };
const proxyOf = (metadata: Record<string, unknown> = { AUTO_REGISTER_GROUP: 'vms', ...AGENT }, ip = '10.2.0.1') =>
  parseNode({
    id: `sidecar~${ip}~vm1.shop~shop.svc.cluster.local`,
    metadata: { NAMESPACE: 'shop', ...metadata },
    locality: { region: 'r1', zone: 'z1' },
  });

let folder: string;
const errors: unknown[] = [];
const opened: Registrations[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registrations-'));
});
afterEach(() => {
  for (const registrations of opened.splice(0)) registrations.close();
  rmSync(folder, { recursive: true });
  expect(errors.splice(0)).toEqual([]);
});
function open({ graceMs = 40, yaml = MESH, now = () => new Date('2026-05-01T10:00:00Z') } = {}): { mesh: Mesh; registrations: Registrations } {
  const { mesh } = createMesh();
  addResources(mesh, parseResources(yaml, 'test.yaml').resources as AnyRow[]);
  const registrations = new Registrations({ mesh, files: new RegistrationFiles(folder, (error) => errors.push(error)), graceMs, now });
  opened.push(registrations);
  return { mesh, registrations };
}
const entryOf = (mesh: Mesh, name = 'vms-10.2.0.1') => mesh.rows.of('WorkloadEntry').get(`shop/${name}`);
const healthOf = (mesh: Mesh, address: string) => {
  const key = mesh.services.byHostname('web.example')[0]?.key ?? '';
  return mesh.endpoints.of(key, 'http').find((endpoint) => endpoint.address === address)?.health;
};

describe('workload registration', () => {
  test('SD-052: a proxy of a group becomes an entry of the group’s template, its metadata and the node', () => {
    const { mesh, registrations } = open();
    registrations.connect(proxyOf({ AUTO_REGISTER_GROUP: 'vms', NETWORK: 'net-1', LABELS: { version: 'v2' }, ...AGENT }), WEB);
    expect(entryOf(mesh, 'vms-10.2.0.1-net-1')).toMatchObject({
      metadata: {
        labels: { app: 'web', tier: 'group', version: 'v2' },
        annotations: {
          note: 'kept',
          'istio.io/autoRegistrationGroup': 'vms',
          'istio.io/workloadController': 'mizzen',
          'istio.io/connectedAt': '2026-05-01T10:00:00.000Z',
          'proxy.istio.io/health-checks-enabled': 'true',
        },
      },
      spec: { address: '10.2.0.1', network: 'net-1', locality: 'r1/z1', serviceAccount: 'web', ports: { http: 8080 } },
    });
  });
  test('SD-052: an IPv6 address makes a valid name', () => {
    const { mesh, registrations } = open();
    registrations.connect(proxyOf(undefined, 'fd00::7'), WEB);
    expect(entryOf(mesh, 'vms-fd00--7')).toBeDefined();
  });
  test('SD-052: the entry stays for the grace period after its last stream', async () => {
    const { mesh, registrations } = open();
    const first = registrations.connect(proxyOf(), WEB);
    const second = registrations.connect(proxyOf(), WEB);
    first?.close();
    first?.close();
    expect(entryOf(mesh)?.metadata.annotations['istio.io/disconnectedAt']).toBeUndefined();
    second?.close();
    expect(entryOf(mesh)?.metadata.annotations['istio.io/disconnectedAt']).toBe('2026-05-01T10:00:00.000Z');
    await wait(120);
    expect(entryOf(mesh)).toBeUndefined();
    expect(readdirSync(join(folder, 'workloads'))).toEqual([]);
  });
  test('SD-052: who comes back in time goes on, with its age and health', async () => {
    let time = Date.parse('2026-05-01T10:00:00Z');
    const { mesh, registrations } = open({ now: () => new Date((time += 1000)) });
    const first = registrations.connect(proxyOf(), WEB);
    first?.reportHealth(true, '');
    const { createdAt } = entryOf(mesh) ?? {};
    first?.close();
    registrations.connect(proxyOf(), WEB);
    await wait(100);
    expect(entryOf(mesh)?.metadata.annotations['istio.io/disconnectedAt']).toBeUndefined();
    expect(entryOf(mesh)?.createdAt).toBe(createdAt);
    expect(healthOf(mesh, '10.2.0.1')).toBe('HEALTHY');
  });
  test('SD-052: a restart of the control plane keeps the entry', () => {
    open().registrations.connect(proxyOf(), WEB);
    const { mesh, registrations } = open();
    expect(entryOf(mesh)).toBeUndefined();
    registrations.restore();
    expect(entryOf(mesh)?.metadata.annotations['istio.io/disconnectedAt']).toBeDefined();
    registrations.connect(proxyOf(), WEB);
    expect(entryOf(mesh)?.metadata.annotations['istio.io/disconnectedAt']).toBeUndefined();
  });
  test('SD-052: a broken file is told and left alone', () => {
    mkdirSync(join(folder, 'workloads'));
    writeFileSync(join(folder, 'workloads', 'x.json'), '{');
    open().registrations.restore();
    expect(errors.splice(0)).toHaveLength(1);
    expect(readdirSync(join(folder, 'workloads'))).toEqual(['x.json']);
  });
  test('SD-052: an entry that somebody wrote under that name holds', async () => {
    const { mesh, registrations } = open({ yaml: MESH.replace('name: pets', 'name: vms-10.2.0.1') });
    registrations.connect(proxyOf(), WEB)?.close();
    await wait(100);
    expect(entryOf(mesh)?.spec.address).toBe('10.2.0.9');
  });
  test('SD-053: no proof, another service account, or no such group is refused', () => {
    const { mesh, registrations } = open();
    expect(() => registrations.connect(proxyOf(), undefined)).toThrow(/takes a proved identity/);
    expect(() => registrations.connect(proxyOf(), { ...WEB, serviceAccount: 'other' })).toThrow(/is for service account "web"/);
    expect(() => registrations.connect(proxyOf(), { ...WEB, namespace: 'other' })).toThrow(/in namespace "shop"/);
    expect(() => registrations.connect(proxyOf({ AUTO_REGISTER_GROUP: 'none' }), WEB)).toThrow(/no WorkloadGroup shop\/none/);
    expect(mesh.rows.of('WorkloadEntry').size).toBe(1);
  });
  test('SD-054: unhealthy until a report says otherwise', () => {
    const { mesh, registrations } = open();
    const registration = registrations.connect(proxyOf(), WEB);
    expect(healthOf(mesh, '10.2.0.1')).toBe('UNHEALTHY');
    registration?.reportHealth(true, '');
    expect(healthOf(mesh, '10.2.0.1')).toBe('HEALTHY');
    registration?.reportHealth(false, 'connection refused');
    expect(healthOf(mesh, '10.2.0.1')).toBe('UNHEALTHY');
    expect(entryOf(mesh)?.status).toMatchObject({ conditions: [{ type: 'Healthy', status: 'False', message: 'connection refused' }] });
  });
  test('SD-054: a stock Envoy, which has no agent to probe, is taken as it is until something reports all the same', () => {
    const { mesh, registrations } = open();
    const registration = registrations.connect(proxyOf({ AUTO_REGISTER_GROUP: 'vms' }), WEB);
    expect(healthOf(mesh, '10.2.0.1')).toBe('UNKNOWN');
    registration?.reportHealth(false, 'connection refused');
    expect(healthOf(mesh, '10.2.0.1')).toBe('UNHEALTHY');
  });
  test('SD-054: without a probe nobody waits for reports', () => {
    const { mesh, registrations } = open({ yaml: MESH.replace('  probe: { tcpSocket: { port: 8080 } }\n', '') });
    registrations.connect(proxyOf(), WEB)?.reportHealth(false, 'ignored');
    expect(healthOf(mesh, '10.2.0.1')).toBe('UNKNOWN');
  });
  test('SD-055: a proxy reports for the entry that it names', () => {
    const { mesh, registrations } = open();
    const registration = registrations.connect(proxyOf({ WORKLOAD_ENTRY: 'pets' }), WEB);
    expect(healthOf(mesh, '10.2.0.9')).toBe('UNHEALTHY');
    registration?.reportHealth(true, '');
    registration?.close();
    expect(healthOf(mesh, '10.2.0.9')).toBe('HEALTHY');
    expect(() => registrations.connect(proxyOf({ WORKLOAD_ENTRY: 'pets' }), { ...WEB, serviceAccount: 'other' })).toThrow(
      /is for service account "web"/,
    );
  });
  test('proxies without group or entry are no business of registration', () => {
    expect(open().registrations.connect(proxyOf({}), undefined)).toBeUndefined();
  });
});
