/** Istiod's metrics and our own over a real control plane and real gRPC streams (section 23 MT). */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { ControlPlane, type Listening } from '../../src/server/control-plane.js';
import { createLog } from '../../src/telemetry/log.js';
import { CLUSTER_TYPE, LISTENER_TYPE } from '../../src/views/type-urls.js';
import { optionsIn } from './serve-options.js';
import { type DeltaCall, delta } from './xds-client.js';

const service = (name: string, port = 80): string => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {clusterIP: 10.9.0.${name.length}, ports: [{name: http, port: ${port}}]}
`;
let folder: string;
let controlPlane: ControlPlane;
let listening: Listening;
const calls: DeltaCall[] = [];
const put = (text: string, file = 'services.yaml'): void => writeFileSync(join(folder, 'mesh', file), text);
const get = (path: string) => fetch(`http://${listening.http}${path}`);

/** Sum of the series that have these labels. */
async function metric(name: string, labels = ''): Promise<number> {
  const lines = (await (await get('/metrics')).text()).split('\n');
  const found = lines.filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(labels));
  return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never: ${what}`);
}

/** A sidecar that has its clusters and says so. */
async function sidecar(name: string): Promise<DeltaCall> {
  const call = delta(Number(listening.xds?.split(':')[1]));
  calls.push(call);
  const metadata = { NAMESPACE: 'shop', ISTIO_VERSION: '1.99.0' };
  call.send({ node: Node.fromPartial({ id: `sidecar~10.0.0.7~${name}.shop~shop.svc.cluster.local`, metadata }), typeUrl: CLUSTER_TYPE });
  call.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await call.next()).nonce });
  return call;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'metrics-'));
  mkdirSync(join(folder, 'mesh'));
  put(service('web'));
  controlPlane = new ControlPlane(optionsIn(folder, { xdsTlsAddress: undefined }), createLog({ format: 'json', level: 'silent' }), '1.2.3');
  listening = await controlPlane.start();
});
afterEach(async () => {
  for (const call of calls.splice(0)) call.stop();
  await until('nobody is connected', async () => (await metric('pilot_xds')) === 0);
});
afterAll(async () => {
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

test('MT-001: a change converges when the last affected proxy has answered, measured from the write', async () => {
  const [one, two] = [await sidecar('one'), await sidecar('two')];
  expect(await metric('pilot_xds', 'version="1.99.0"')).toBe(2);
  const before = await metric('mizzen_change_convergence_seconds_count');
  const queued = await metric('pilot_proxy_queue_time_count');
  put(service('web') + service('cart'));
  for (const call of [one, two]) expect((await call.next()).resources).toHaveLength(1);
  one.send({ typeUrl: CLUSTER_TYPE, responseNonce: 'not known' });
  expect(await metric('mizzen_changes_open')).toBe(1);
  // Sent is not converged: the proxies take their time.
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await metric('mizzen_change_convergence_seconds_count')).toBe(before);
  expect(await metric('pilot_proxy_queue_time_count')).toBeGreaterThanOrEqual(queued + 2);
  expect(await metric('pilot_xds_expired_nonce', 'type="cds"')).toBe(1);
});

test('MT-001: the time runs from the write to the last answer', async () => {
  const [one, two] = [await sidecar('one'), await sidecar('two')];
  await until('what the last test left is through', async () => (await metric('mizzen_changes_open')) === 0);
  const [count, time, sent] = await Promise.all(
    ['mizzen_change_convergence_seconds_count', 'mizzen_change_convergence_seconds_sum', 'pilot_proxy_convergence_time_count'].map((name) =>
      metric(name),
    ),
  );
  put(service('web') + service('cart', 81));
  const [a, b] = [await one.next(), await two.next()];
  one.send({ typeUrl: CLUSTER_TYPE, responseNonce: a.nonce });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await metric('mizzen_change_convergence_seconds_count')).toBe(count);
  two.send({ typeUrl: CLUSTER_TYPE, responseNonce: b.nonce });
  await until('the change is through', async () => (await metric('mizzen_change_convergence_seconds_count')) === count! + 1);
  const took = (await metric('mizzen_change_convergence_seconds_sum')) - time!;
  expect(took).toBeGreaterThan(0.2);
  expect(took).toBeLessThan(5);
  expect(await metric('pilot_proxy_convergence_time_count')).toBe(sent! + 2);
  expect(await metric('mizzen_changes_open')).toBe(0);
});

test('MT-001 MT-003: what was written is counted by kind and event, and what it triggers by cause', async () => {
  const text = (name: string) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
`;
  const cfg = (event: string) => metric('pilot_k8s_cfg_events', `{type="VirtualService",event="${event}"}`);
  put(text('a'), 'routes.yaml');
  await until('it is read', async () => (await cfg('add')) === 1);
  expect(await metric('pilot_virt_services')).toBe(1);
  put(text('a').replace('http:', 'exportTo: ["."], http:'), 'routes.yaml');
  await until('it is read', async () => (await cfg('update')) === 1);
  rmSync(join(folder, 'mesh', 'routes.yaml'));
  await until('it is gone', async () => (await cfg('delete')) === 1);
  expect(await metric('pilot_push_triggers', 'type="config"')).toBe(3);
  expect(await metric('pilot_k8s_reg_events', '{type="Services",event="add"}')).toBeGreaterThanOrEqual(1);
  expect(await metric('pilot_push_triggers', 'type="service"')).toBeGreaterThanOrEqual(1);
  expect(await metric('pilot_inbound_updates', 'type="svc"')).toBeGreaterThanOrEqual(1);
  expect(await metric('pilot_debounce_time_count')).toBe(await metric('pilot_pushcontext_init_seconds_count'));
});

test('MT-003: an error is counted once, and shown as long as it lasts', async () => {
  const broken = 'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a, namespace: shop}\nspec: {servers: [{}]}\n';
  put(broken, 'gateway.yaml');
  await until('it is told', async () => (await metric('mizzen_config_errors')) > 0);
  const counted = await metric('pilot_total_rejected_configs', 'type="Gateway"');
  expect(counted).toBeGreaterThan(0);
  put(`# moved\n${service('web')}`);
  rmSync(join(folder, 'mesh', 'gateway.yaml'));
  await until('it is gone', async () => (await metric('mizzen_config_errors')) === 0);
  expect(await metric('pilot_total_rejected_configs')).toBe(counted);
});

test('MT-001 MT-002: sizes, refusals and what was received, by type', async () => {
  const call = await sidecar('one');
  expect(await metric('pilot_xds_config_size_bytes_sum', `type="${CLUSTER_TYPE}"`)).toBeGreaterThan(100);
  call.send({ typeUrl: LISTENER_TYPE });
  const { nonce } = await call.next();
  call.send({ typeUrl: LISTENER_TYPE, responseNonce: nonce, errorDetail: { code: 13, message: 'no', details: [] } });
  await until('it is counted', async () => (await metric('pilot_total_xds_rejects', 'type="lds"')) === 1);
  expect(await metric('pilot_xds_lds_reject', '{node="one.shop",err="Internal"}')).toBe(1);
  expect(await metric('pilot_xds_recv_max')).toBeGreaterThan(50);
  expect(await metric('pilot_xds_send_time_count')).toBeGreaterThan(0);
  expect(await metric('mizzen_xds_queue_length')).toBe(0);
});

test('MT-008 DB-003: who this is and for how long', async () => {
  expect(await metric('pilot_info', 'version="1.2.3"')).toBe(1);
  expect(await metric('istio_build', 'component="pilot",tag="1.2.3"')).toBe(1);
  const uptime = await metric('istiod_uptime_seconds');
  expect(uptime).toBeGreaterThan(0);
  expect(uptime).toBeLessThan(120);
  expect(await metric('citadel_server_root_cert_expiry_seconds')).toBeGreaterThan(86_400);
});
