/** A gRPC client without a proxy, and one that we did not write: `@grpc/grpc-js-xds` resolves an xds: target through us and calls the service. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type Mizzen, startMizzen } from './harness/mizzen.js';
import { freePort } from './harness/ports.js';
import { checkout, node, run, start } from './harness/processes.js';
import { measured } from './harness/report.js';

let mizzen: Mizzen;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-grpc-'));
  onCleanup(() => rmSync(folder, { recursive: true, force: true }));
  const mesh = join(folder, 'mesh');
  mkdirSync(mesh);
  const ports = [await freePort(), await freePort()];
  for (const [n, port] of ports.entries()) {
    const echo = start({
      name: `echo ${n}`,
      command: node,
      args: [join(checkout, 'e2e/harness/grpc-echo.mjs'), `echo-${n}`, '127.0.0.1', String(port)],
    });
    await echo.waitFor(/"listening"/);
  }
  const slices = ports.map(
    (port, n) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: echo-${n}, namespace: calls, labels: { kubernetes.io/service-name: echo } }
addressType: IPv4
ports: [{ name: grpc, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
`,
  );
  writeFileSync(
    join(mesh, 'echo.yaml'),
    `apiVersion: v1
kind: Service
metadata: { name: echo, namespace: calls }
spec:
  clusterIP: 10.96.0.20
  ports: [{ name: grpc, port: 7070, targetPort: 7070 }]
${slices.join('')}`,
  );
  mizzen = await startMizzen({ config: mesh, dataDir: join(folder, 'data') });
}, 60_000);
afterAll(cleanup, 30_000);

test('XD-025: grpc-js-xds resolves xds:///SERVICE:PORT and calls both endpoints', async () => {
  const bootstrap = {
    xds_servers: [{ server_uri: mizzen.xds, channel_creds: [{ type: 'insecure' }] }],
    node: { id: 'sidecar~127.0.0.1~caller.calls~calls.svc.cluster.local', locality: {}, metadata: { GENERATOR: 'grpc', NAMESPACE: 'calls' } },
  };
  const output = await run(node, [join(checkout, 'e2e/harness/grpc-client.mjs'), 'xds:///echo.calls.svc.cluster.local:7070', '20'], {
    env: { GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) },
    timeoutMs: 30_000,
  });
  measured(output.trim());
  const { answers, error } = JSON.parse(output) as { answers: Record<string, number>; error?: string };
  expect(error).toBeUndefined();
  expect(Object.keys(answers).sort()).toEqual(['echo-0', 'echo-1']);
  // Round robin, but the first calls may find one connection only.
  for (const count of Object.values(answers)) expect(count).toBeGreaterThanOrEqual(8);
});
