/**
 * A gRPC client without an Envoy, and one that we did not write: `@grpc/grpc-js-xds` in a process of its own resolves `xds:///` targets through
 * the control plane and calls real servers. XD-025.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ControlPlane } from '../../src/server/control-plane.js';
import { createLog } from '../../src/telemetry/log.js';
import { optionsIn } from './serve-options.js';

const clientProgram = join(dirname(fileURLToPath(import.meta.url)), '../../e2e/harness/grpc-client.mjs');

const bytes = (value: Buffer): Buffer => value;
const method = {
  path: '/mizzen.test.Echo/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

const servers: Server[] = [];

/** Told of every call. */
let onCall: ((version: string) => void) | undefined;

/** A server that answers every call with its version, after 5 ms. */
async function serve(version: string): Promise<number> {
  const server = new Server();
  servers.push(server);
  const answer = (_call: unknown, reply: (error: null, value: Buffer) => void): void => {
    onCall?.(version);
    setTimeout(() => reply(null, Buffer.from(version)), 5);
  };
  server.addService({ Echo: method }, { Echo: answer });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
}

const entry = (ports: readonly number[]): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: echo, namespace: calls }
spec:
  hosts: [echo.calls.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 7070, name: grpc, protocol: GRPC }]
  endpoints:
${ports.map((port, i) => `    - { address: 127.0.0.1, ports: { grpc: ${port} }, labels: { version: v${i + 1} } }`).join('\n')}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: echo, namespace: calls }
spec:
  host: echo.calls.svc.cluster.local
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
`;

const routes = (http: string): string => `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo, namespace: calls }
spec:
  hosts: [echo.calls.svc.cluster.local]
  http:
${http}`;
const to = (subset: string, weight: number): string =>
  `{ destination: { host: echo.calls.svc.cluster.local, subset: ${subset} }, weight: ${weight} }`;

interface Answers {
  answers: Record<string, number>;
  error?: string;
}

describe('proxyless gRPC', () => {
  let folder: string;
  let controlPlane: ControlPlane;
  let xds = '';
  const ports: number[] = [];
  const logged: string[] = [];

  beforeAll(async () => {
    ports.push(await serve('v1'), await serve('v2'));
  });
  afterAll(() => {
    for (const server of servers) server.forceShutdown();
  });

  async function withMesh(text: string, body: () => Promise<void>): Promise<void> {
    folder = mkdtempSync(join(tmpdir(), 'grpc-'));
    mkdirSync(join(folder, 'mesh'));
    writeFileSync(join(folder, 'mesh', 'echo.yaml'), text);
    const log = createLog({ format: 'json', level: 'debug', destination: { write: (line) => void logged.push(line) } });
    controlPlane = new ControlPlane(optionsIn(folder), log, '0.0.0');
    xds = (await controlPlane.start()).xds ?? '';
    try {
      await body();
      // A client that refuses something goes on with what it had: only the log tells.
      expect(logged.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
    } finally {
      await controlPlane.close(0);
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Calls the target from a new process; resolves also when calls fail. */
  function call(target: string, count: number): Promise<Answers> {
    const bootstrap = {
      xds_servers: [{ server_uri: xds, channel_creds: [{ type: 'insecure' }] }],
      node: { id: 'sidecar~127.0.0.1~caller.calls~calls.svc.cluster.local', metadata: { GENERATOR: 'grpc', NAMESPACE: 'calls' }, locality: {} },
    };
    const env = { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) };
    return new Promise((resolve, reject) => {
      execFile(process.execPath, [clientProgram, target, String(count)], { env, timeout: 20_000 }, (error, stdout, stderr) => {
        if (stdout.trim() === '') reject(new Error(`${error?.message}\n${stderr}\n${logged.join('')}`));
        else resolve(JSON.parse(stdout) as Answers);
      });
    });
  }

  test('XD-025: a client splits calls between two versions by the weights of a VirtualService', async () => {
    await withMesh(entry(ports) + routes(`    - route: [${to('v1', 75)}, ${to('v2', 25)}]\n`), async () => {
      const { answers, error } = await call('xds:///echo.calls.svc.cluster.local:7070', 200);
      expect(error).toBeUndefined();
      const { v1 = 0, v2 = 0 } = answers;
      expect(v1 + v2).toBe(200);
      expect(v2).toBeGreaterThan(15);
      expect(v1).toBeGreaterThan(v2);
    });
  }, 30_000);

  test('XD-025: matches of paths and headers hold, redirects fail calls and refuse nothing', async () => {
    const http = `    - match: [{ uri: { prefix: /other. } }]
      redirect: { uri: /elsewhere }
    - match: [{ queryParams: { version: { exact: v1 } } }, { headers: { version: { exact: v1 } } }]
      route: [${to('v1', 100)}]
    - match: [{ uri: { exact: /mizzen.test.Echo/Echo }, method: { exact: POST } }]
      timeout: 5s
      retries: { attempts: 3, retryOn: 'unavailable,connect-failure' }
      route: [${to('v2', 100)}]
`;
    await withMesh(entry(ports) + routes(http), async () => {
      expect(await call('xds:///echo:7070', 10)).toEqual({ answers: { v2: 10 } });
    });
    const redirected = `    - redirect: { uri: /elsewhere }\n`;
    await withMesh(entry(ports) + routes(redirected), async () => {
      expect(await call('xds:///echo:7070', 1)).toMatchObject({ answers: {}, error: expect.stringContaining('UNAVAILABLE') });
    });
  }, 30_000);

  test('XD-025: without rules calls go round all endpoints', async () => {
    await withMesh(entry(ports).split('---')[0] as string, async () => {
      const { answers, error } = await call('xds:///echo.calls.svc.cluster.local:7070', 20);
      expect(error).toBeUndefined();
      // The first calls may find one connection only.
      expect(Math.min(answers['v1'] ?? 0, answers['v2'] ?? 0)).toBeGreaterThan(5);
    });
  }, 30_000);

  test('XD-025: an edited VirtualService moves the calls of a running client, and none fails', async () => {
    const all = (subset: string): string => entry(ports) + routes(`    - route: [${to(subset, 100)}]\n`);
    await withMesh(all('v1'), async () => {
      let calls = 0;
      onCall = () => {
        if (++calls === 20) writeFileSync(join(folder, 'mesh', 'echo.yaml'), all('v2'));
      };
      const { answers, error } = await call('xds:///echo.calls.svc.cluster.local:7070', 400);
      onCall = undefined;
      expect(error).toBeUndefined();
      expect(answers['v1']).toBeGreaterThanOrEqual(20);
      expect(answers['v2']).toBeGreaterThan(0);
      expect((answers['v1'] ?? 0) + (answers['v2'] ?? 0)).toBe(400);
    });
  }, 30_000);
});
