/** A workload outside Kubernetes against the whole control plane: joins, is registered, reports its health, outlives a restart. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import type { DiscoveryRequest, DiscoveryResponse } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { NameTable } from '@envoyproxy/xds-protos/istio/networking/nds/v1/nds.js';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createJoinToken } from '../../src/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../src/ca/join-token-key.js';
import { ControlPlane, type Listening } from '../../src/server/control-plane.js';
import { readTrustNote } from '../../src/server/trust.js';
import { createLog } from '../../src/telemetry/log.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, NAME_TABLE_TYPE } from '../../src/views/type-urls.js';
import { optionsIn } from './serve-options.js';
import { type SotwCall, sotw } from './xds-client.js';

const MESH = `apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: {name: vms, namespace: shop}
spec:
  metadata: {labels: {app: web}}
  template: {serviceAccount: web}
  probe: {tcpSocket: {port: 8080}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: web, namespace: shop}
spec:
  hosts: [web.example]
  location: MESH_INTERNAL
  resolution: STATIC
  workloadSelector: {labels: {app: web}}
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
`;
const HEALTH_TYPE = 'type.googleapis.com/istio.v1.HealthInformation';
const CLUSTER = 'outbound|80||web.example';
const nodeOf = (name: string, ip: string, metadata: Record<string, unknown>): Node =>
  Node.fromPartial({
    id: `sidecar~${ip}~${name}.shop~shop.svc.cluster.local`,
    metadata: { NAMESPACE: 'shop', SERVICE_ACCOUNT: 'web', MIZZEN_CERTIFICATES: 'ads', ...metadata },
  });
const CLIENT = nodeOf('client', '10.0.0.8', { DNS_CAPTURE: 'true' });
const WORKLOAD = nodeOf('vm1', '10.0.0.7', { AUTO_REGISTER_GROUP: 'vms', ISTIO_VERSION: '1.29.0' });

let folder: string;
let controlPlane: ControlPlane;
let listening: Listening;
const calls: SotwCall[] = [];

async function start(): Promise<void> {
  const options = optionsIn(folder, { httpAddress: undefined, workloadGracePeriod: 50 });
  controlPlane = new ControlPlane(options, createLog({ format: 'json', level: 'silent' }), '0.0.0');
  listening = await controlPlane.start();
}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'workloads-'));
  mkdirSync(join(folder, 'mesh'));
  writeFileSync(join(folder, 'mesh', 'mesh.yaml'), MESH);
  await start();
});
afterEach(async () => {
  for (const call of calls.splice(0)) call.stop();
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

async function joined(serviceAccount = 'web'): Promise<ChannelCredentials> {
  const key = await loadOrCreateJoinTokenKey(join(folder, 'data'));
  const { token } = await createJoinToken(key, { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount });
  const header = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    done(null, metadata);
  });
  const tls = credentials.createSsl(Buffer.from(readTrustNote(join(folder, 'data'))?.rootPem ?? ''));
  return credentials.combineChannelCredentials(tls, header);
}
async function open(serviceAccount?: string): Promise<SotwCall> {
  const { xdsTls = '' } = listening;
  const call = sotw(Number(xdsTls.slice(xdsTls.lastIndexOf(':') + 1)), await joined(serviceAccount));
  calls.push(call);
  return call;
}
/** `address health` of each endpoint, again and again until they are as wanted. */
async function endpointsBecome(call: SotwCall, wanted: readonly string[], first?: Partial<DiscoveryRequest>): Promise<void> {
  let response: DiscoveryResponse | undefined;
  if (first !== undefined) call.send({ ...first, typeUrl: ENDPOINT_TYPE, resourceNames: [CLUSTER] });
  for (let seen: string[] | undefined; seen === undefined || seen.join() !== wanted.join(); ) {
    response = await call.next();
    if (response.typeUrl !== ENDPOINT_TYPE) continue;
    const [any] = response.resources;
    const { endpoints } = ClusterLoadAssignment.decode(any?.value ?? new Uint8Array());
    seen = endpoints
      .flatMap(({ lbEndpoints }) => lbEndpoints)
      .map(({ hostIdentifier, healthStatus }) => {
        const address = hostIdentifier?.$case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
        return `${address?.$case === 'socketAddress' ? address.value.address : ''} ${healthStatus}`;
      });
    call.send({ typeUrl: ENDPOINT_TYPE, resourceNames: [CLUSTER], responseNonce: response.nonce, versionInfo: response.versionInfo });
  }
}
const HEALTHY = 1;
const UNHEALTHY = 2;

describe('a workload outside Kubernetes', () => {
  test('SD-052 SD-054 XD-023 is an endpoint while it is connected, as healthy as it says', async () => {
    const client = await open();
    await endpointsBecome(client, [], { node: CLIENT });
    const workload = await open();
    workload.send({ node: WORKLOAD, typeUrl: CLUSTER_TYPE });
    await workload.next();
    await endpointsBecome(client, [`10.0.0.7 ${UNHEALTHY}`]);
    workload.send({ typeUrl: HEALTH_TYPE });
    await endpointsBecome(client, [`10.0.0.7 ${HEALTHY}`]);
    workload.send({ typeUrl: HEALTH_TYPE, errorDetail: { code: 13, message: 'connection refused', details: [] } });
    await endpointsBecome(client, [`10.0.0.7 ${UNHEALTHY}`]);
    expect(await workload.poll(30)).toBeUndefined();
    workload.stop();
    await endpointsBecome(client, []);
  });
  test('SD-052 stays an endpoint over a restart of the control plane', async () => {
    const workload = await open();
    workload.send({ node: WORKLOAD, typeUrl: CLUSTER_TYPE });
    await workload.next();
    workload.send({ typeUrl: HEALTH_TYPE });
    const client = await open();
    await endpointsBecome(client, [`10.0.0.7 ${HEALTHY}`], { node: CLIENT });
    await controlPlane.close(0);
    await start();
    const again = await open();
    await endpointsBecome(again, [`10.0.0.7 ${HEALTHY}`], { node: CLIENT });
  });
  test('SD-053 is refused as somebody else', async () => {
    const workload = await open('other');
    workload.send({ node: nodeOf('vm1', '10.0.0.7', { AUTO_REGISTER_GROUP: 'vms', SERVICE_ACCOUNT: 'other' }), typeUrl: CLUSTER_TYPE });
    expect(await workload.ended()).toMatchObject({ code: 7, details: expect.stringContaining('WorkloadGroup shop/vms') });
  });
  test('SD-048 SD-056 is told the names of the mesh', async () => {
    const client = await open();
    client.send({ node: CLIENT, typeUrl: NAME_TABLE_TYPE });
    const { resources } = await client.next();
    expect(resources).toHaveLength(1);
    const { table } = NameTable.decode(resources[0]?.value ?? new Uint8Array());
    expect(table['web.example']?.ips).toEqual([expect.stringMatching(/^240\.240\./)]);
  });
});
