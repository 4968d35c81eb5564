/**
 * Mutual TLS between a gRPC server and a gRPC client, neither with an Envoy nor written by us: both get their listeners and clusters from the
 * control plane and their certificates from files, signed by its authority. XD-025, PA-001.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ControlPlane } from '../../src/server/control-plane.js';
import { openAuthority } from '../../src/server/trust.js';
import { createLog } from '../../src/telemetry/log.js';
import { optionsIn } from './serve-options.js';

const program = join(dirname(fileURLToPath(import.meta.url)), 'grpc-xds-peer.mjs');
const children: ChildProcess[] = [];
let folder = '';
let controlPlane: ControlPlane;
let xds = '';
let port = 0;

const mesh = (servicePort: number): string => `apiVersion: v1
kind: Service
metadata: { name: echo, namespace: calls }
spec: { clusterIP: 10.96.0.20, selector: { app: echo }, ports: [{ name: grpc, port: 7070, targetPort: ${servicePort} }] }
---
apiVersion: v1
kind: Pod
metadata: { name: echo-1, namespace: calls, labels: { app: echo, security.istio.io/tlsMode: istio } }
spec: { serviceAccountName: echo, containers: [{ name: echo }] }
status: { phase: Running, podIP: 127.0.0.1, conditions: [{ type: Ready, status: 'True' }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: echo-1, namespace: calls, labels: { kubernetes.io/service-name: echo } }
addressType: IPv4
ports: [{ name: grpc, port: ${servicePort} }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true }, targetRef: { kind: Pod, name: echo-1, namespace: calls } }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: calls }
spec: { mtls: { mode: STRICT } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: echo, namespace: calls }
spec: { host: echo, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** A workload's certificate as files, in the bootstrap of its gRPC library. */
async function bootstrap(name: string, ip: string): Promise<string> {
  const authority = await openAuthority({ dataDir: join(folder, 'data'), trustDomain: 'cluster.local' });
  const issued = await authority.issueWorkload({ identity: { trustDomain: 'cluster.local', namespace: 'calls', serviceAccount: name } });
  const file = (kind: string, text: string): string => {
    writeFileSync(join(folder, `${name}-${kind}.pem`), text);
    return join(folder, `${name}-${kind}.pem`);
  };
  const config = {
    certificate_file: file('chain', issued.certChainPem),
    private_key_file: file('key', issued.privateKeyPem),
    ca_certificate_file: file('root', issued.rootPem),
    refresh_interval: '600s',
  };
  const metadata = { GENERATOR: 'grpc', NAMESPACE: 'calls', LABELS: { app: name } };
  return JSON.stringify({
    xds_servers: [{ server_uri: xds, channel_creds: [{ type: 'insecure' }] }],
    node: { id: `sidecar~${ip}~${name}-1.calls~calls.svc.cluster.local`, metadata, locality: {} },
    certificate_providers: { default: { plugin_name: 'file_watcher', config } },
    server_listener_resource_name_template: 'xds.istio.io/grpc/lds/inbound/%s',
  });
}

/** Starts a peer and waits for its first line. */
function peer(config: string, ...args: string[]): Promise<unknown> {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: config } });
  children.push(child);
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString())));
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${errors}`)));
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'grpc-mtls-'));
  mkdirSync(join(folder, 'mesh'));
  port = await freePort();
  writeFileSync(join(folder, 'mesh', 'echo.yaml'), mesh(port));
  controlPlane = new ControlPlane(optionsIn(folder), createLog({ format: 'json', level: 'error' }), '0.0.0');
  xds = (await controlPlane.start()).xds ?? '';
});
afterAll(async () => {
  for (const child of children) child.kill();
  await controlPlane.close(0);
  rmSync(folder, { recursive: true, force: true });
});

test('XD-025: a gRPC server takes mutual TLS from its listener and a client from its cluster; plain text is refused', async () => {
  expect(await peer(await bootstrap('echo', '127.0.0.1'), 'server', `127.0.0.1:${port}`)).toBe('serving');
  const client = await bootstrap('caller', '127.0.0.2');
  expect(await peer(client, 'client', 'xds:///echo.calls.svc.cluster.local:7070')).toEqual({ answer: 'ssl' });
  expect(await peer(client, 'plain', `127.0.0.1:${port}`)).toMatchObject({ error: expect.stringMatching(/UNAVAILABLE|DEADLINE/) });
}, 40_000);
