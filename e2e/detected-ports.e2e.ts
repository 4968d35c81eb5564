/**
 * Ports that declare no protocol, between two stock Envoys with mutual TLS: HTTP is HTTP at the server, and byte streams stay what they are.
 * Needs root, iproute2 and iptables; without them every test here shows up as skipped.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { get, type PodMesh, startPodMesh } from './harness/mesh-pods.js';
import { type Pod, podsMissing } from './harness/pods.js';
import { checkout, node, run, start } from './harness/processes.js';
import { measured } from './harness/report.js';
import { until } from './harness/wait.js';

/** HTTP/2 without TLS on 8082, which answers with what it knows of its peer; on 8083 bytes, which come back in capitals. */
const SERVERS = `
const h2 = require('node:http2').createServer((request, response) => response.end(request.headers['x-forwarded-client-cert'] ?? 'nobody'));
h2.listen(8082, '0.0.0.0', () => require('node:net').createServer((socket) => socket.on('data', (data) => socket.write(String(data).toUpperCase()))).listen(8083, '0.0.0.0', () => console.log('servers listen')));`;
const H2_CLIENT = `
const client = require('node:http2').connect('http://10.96.0.10:8082');
const request = client.request({ ':path': '/' });
let body = ''; request.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => { console.log(body); client.close(); });`;
const BYTES_CLIENT = `
const socket = require('node:net').connect(8083, '10.96.0.10', () => socket.write('ping\\n'));
socket.on('data', (data) => { console.log(String(data)); socket.destroy(); });`;
const CLIENT = 'URI=spiffe://cluster.local/ns/pods/sa/client';

const missing = podsMissing();
const title = missing ? `detected ports (skipped: ${missing})` : 'detected ports';

(missing ? describe.skip : describe).each(['STRICT', 'PERMISSIVE'])(`${title}, mutual TLS %s`, (mode) => {
  let mesh: PodMesh;
  let server: Pod;
  let client: Pod;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-detected-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'mesh'));
    mesh = await startPodMesh(folder, 7);
    server = await mesh.network.pod('server');
    client = await mesh.network.pod('client');
    const yaml = readFileSync(join(checkout, 'e2e/testdata/detected-ports.yaml'), 'utf8');
    writeFileSync(
      join(folder, 'mesh', 'mesh.yaml'),
      yaml.replaceAll('IP-server', server.ip).replaceAll('IP-client', client.ip).replace('MODE', mode),
    );
    await mesh.app(server, 8080, { SERVICE: 'any' });
    const servers = start({ name: 'servers', command: node, args: ['-e', SERVERS], within: server.asApp });
    await servers.waitFor(/servers listen/);
    const labels = { app: 'any', 'security.istio.io/tlsMode': 'istio' };
    await mesh.sidecar(server, { namespace: 'pods', serviceAccount: 'any', labels });
    await mesh.sidecar(client, { namespace: 'pods', serviceAccount: 'client', labels: { app: 'client' } });
    await until('the client to reach the server', async () => (await get(client, 'http://10.96.0.10/')).status === 200);
  }, 120_000);
  afterAll(cleanup, 60_000);

  /** Whether the connection was mutual TLS is the server's Envoy's to say. */
  const handshakes = async (): Promise<number> => {
    const { body } = await get(
      server,
      'http://127.0.0.1:15000/stats?filter=virtualInbound.*ssl.handshake|listener.0.0.0.0_15006.ssl.handshake',
      {},
      server.asEnvoy,
    );
    return body.split('\n').reduce((sum, line) => sum + Number(line.split(': ')[1] ?? 0), 0);
  };
  const say = async (script: string): Promise<string> => {
    const [command, ...args] = [...client.asApp, node, '-e', script];
    return (await run(command as string, args)).trim();
  };

  test('SD-014: HTTP/1.1 is HTTP at the server, which names its peer', async () => {
    const { peer } = JSON.parse((await get(client, 'http://10.96.0.10/')).body) as { peer?: string };
    const requests = await get(server, 'http://127.0.0.1:15000/stats?filter=http.inbound_0.0.0.0_8080.*downstream_rq_total', {}, server.asEnvoy);
    measured(`${mode}: peer ${peer}, ${requests.body.trim()}, ${await handshakes()} handshakes`);
    expect(peer).toBe('spiffe://cluster.local/ns/pods/sa/client');
    expect(await handshakes()).toBeGreaterThan(0);
  });

  test('SD-014: HTTP/2 as well', async () => {
    const answer = await say(H2_CLIENT);
    measured(`${mode}: over HTTP/2 the server saw ${answer}`);
    expect(answer).toContain(CLIENT);
  });

  test('SD-014: a byte stream stays one', async () => {
    const before = await handshakes();
    expect(await say(BYTES_CLIENT)).toBe('PING');
    expect(await handshakes()).toBeGreaterThan(before);
  });
});
