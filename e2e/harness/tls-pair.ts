/**
 * Two sidecars on loopback addresses with strict mutual TLS between them, and an application behind the second: what certificates and roots do to
 * traffic is seen here without root. Service `kept` keeps its connections, `fresh` makes one for each request; `stream` is TCP. Nothing is retried.
 */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp, type Server } from 'node:net';
import { join } from 'node:path';
import { onCleanup } from './cleanup.js';
import { type Envoy, startEnvoy } from './envoy.js';
import { fetchOnce } from './http.js';
import { type LoadResult, startLoad } from './load.js';
import { type Mizzen, type MizzenOptions, startMizzen, writeBootstrap } from './mizzen.js';
import { freePort } from './ports.js';
import { until } from './wait.js';

/** Whose certificate it is: namespace and service account of the server. */
export const SERVER = { namespace: 'shop', serviceAccount: 'server' } as const;
export const NAMES = ['client', 'server'] as const;
type Name = (typeof NAMES)[number];

/** What an Envoy holds by SDS. */
export interface Held {
  /** Leaf first. */
  readonly chain: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
}

/** The running pair. */
export interface TlsPair {
  readonly envoys: Readonly<Record<Name, Envoy>>;
  /** Where the server's Envoy takes mutual TLS. */
  readonly server: { readonly host: string; readonly port: number };
  mizzen(): Mizzen;
  /** Starts the control plane anew, at the same ports. */
  restart(args: readonly string[]): Promise<void>;
  held(name: Name): Promise<Held>;
  load(service: 'kept' | 'fresh', perSecond: number): { stop(): Promise<LoadResult> };
  /** A connection that sends a line every 50 ms. */
  stream(): Promise<Stream>;
}

/** A connection through both Envoys, as its application sees it. */
export interface Stream {
  /** Lines that came back, in order; throws when the connection ended or one is missing. */
  echoed(): number;
  stop(): void;
}

/** Starts everything in `folder`; `octet` tells the addresses of one pair from those of another. */
export async function startTlsPair(folder: string, octet: number, args: readonly string[]): Promise<TlsPair> {
  const [client, egress, host] = [1, 2, 3].map((last) => `127.${octet}.${process.pid % 250}.${last}`) as [string, string, string];
  const [http, tcp] = [await freePort([egress, host]), await freePort([egress, host])];
  const apps = { http: await listening(httpApp()), tcp: await listening(echoApp()) };
  mkdirSync(join(folder, 'mesh'), { recursive: true });
  writeFileSync(join(folder, 'mesh', 'pair.yaml'), meshOf({ egress, host, http, tcp, apps }));
  const [xds, xdsTls, web] = [await freePort(), await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`) as [string, string, string];
  const dataDir = join(folder, 'data');
  const serve: MizzenOptions = { config: join(folder, 'mesh'), dataDir, xds, xdsTls, http: web, args };
  let mizzen = await startMizzen(serve);
  const start = async (name: Name, ip: string): Promise<Envoy> => {
    const [adminPort, output] = [await freePort(), join(folder, `${name}.json`)];
    const labels = { app: name, 'security.istio.io/tlsMode': 'istio' };
    const who = { name, namespace: SERVER.namespace, serviceAccount: name, labels };
    await writeBootstrap({ ...who, ip, interception: 'NONE', adminPort, xdsAddress: xdsTls, dataDir, output });
    return startEnvoy({ name, bootstrap: output, adminPort });
  };
  const envoys = { client: await start('client', client), server: await start('server', host) };
  await envoys.server.ready([`${host}_${http}`, `${host}_${tcp}`]);
  await envoys.client.ready([`${egress}_${http}`, `${egress}_${tcp}`]);
  const url = `http://${egress}:${http}/`;
  for (const service of ['kept', 'fresh'])
    await until(`${service} to answer`, async () => (await fetchOnce(url, { headers: { host: service } })).status === 200);
  return {
    envoys,
    server: { host, port: http },
    mizzen: () => mizzen,
    async restart(next) {
      await mizzen.stop();
      mizzen = await startMizzen({ ...serve, args: next });
    },
    held: (name) => heldBy(envoys[name]),
    load: (service, perSecond) => startLoad({ url, perSecond, headers: { host: service }, label: ({ status, body }) => `${status} ${body}` }),
    stream: () => openStream(egress, tcp),
  };
}

interface Places {
  readonly egress: string;
  readonly host: string;
  readonly http: number;
  readonly tcp: number;
  readonly apps: { readonly http: number; readonly tcp: number };
}

function meshOf({ egress, host, http, tcp, apps }: Places): string {
  const { namespace } = SERVER;
  const istio = (kind: string, name: string, spec: object, group = 'networking') => ({
    apiVersion: `${group}.istio.io/v1`,
    kind,
    metadata: { name, namespace },
    spec,
  });
  const service = (name: string, port: number) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: 'server' }, ports: [{ name: port === tcp ? 'tcp' : 'http', port, targetPort: port }] },
  });
  const ports = [
    { number: http, protocol: 'HTTP', name: 'http', app: apps.http },
    { number: tcp, protocol: 'TCP', name: 'tcp', app: apps.tcp },
  ].map(({ app, ...port }) => ({ port, app }));
  const documents = [
    service('kept', http),
    service('fresh', http),
    service('stream', tcp),
    istio('WorkloadEntry', 'server', { address: host, serviceAccount: 'server', labels: { app: 'server', 'security.istio.io/tlsMode': 'istio' } }),
    istio('Sidecar', 'client', {
      workloadSelector: { labels: { app: 'client' } },
      egress: ports.map(({ port }) => ({ port, bind: egress, captureMode: 'NONE', hosts: ['./*'] })),
    }),
    istio('Sidecar', 'server', {
      workloadSelector: { labels: { app: 'server' } },
      ingress: ports.map(({ port, app }) => ({ port, bind: host, captureMode: 'NONE', defaultEndpoint: `127.0.0.1:${app}` })),
    }),
    istio('PeerAuthentication', 'strict', { mtls: { mode: 'STRICT' } }, 'security'),
    istio('DestinationRule', 'fresh', { host: 'fresh', trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } } }),
    ...['kept', 'fresh'].map((name) =>
      istio('VirtualService', name, { hosts: [name], http: [{ route: [{ destination: { host: name } }], retries: { attempts: 0 } }] }),
    ),
  ];
  return documents.map((document) => JSON.stringify(document)).join('\n---\n');
}

/** Says who called, by what the server's Envoy tells it of the peer's certificate. */
function httpApp(): Server {
  const app = createServer(({ headers }, response) => response.end(/URI=([^;,]*)/.exec(String(headers['x-forwarded-client-cert']))?.[1] ?? 'nobody'));
  app.keepAliveTimeout = 0; // Envoy keeps connections; closing idle ones would make failures that no mesh caused.
  return app;
}

const echoApp = (): Server => createTcp((socket) => socket.on('error', () => {}).pipe(socket));

async function listening(app: Server): Promise<number> {
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  onCleanup(() => void app.close());
  return (app.address() as AddressInfo).port;
}

async function openStream(host: string, port: number): Promise<Stream> {
  const socket = connect(port, host);
  let [sent, text, ended] = [0, '', ''];
  socket.on('data', (data) => (text += String(data)));
  socket.on('error', (error) => (ended ||= error.message));
  socket.on('close', () => (ended ||= 'closed'));
  await new Promise((resolve) => socket.once('connect', resolve));
  const timer = setInterval(() => socket.write(`${sent++}\n`), 50);
  const stop = (): void => {
    clearInterval(timer);
    socket.destroy();
  };
  onCleanup(stop);
  return {
    echoed() {
      if (ended !== '') throw new Error(`the stream ended after ${text.split('\n').length - 1} lines: ${ended}`);
      const lines = text.split('\n').slice(0, -1);
      const wrong = lines.findIndex((line, n) => line !== String(n));
      if (wrong >= 0) throw new Error(`line ${wrong} of the stream says ${lines[wrong]}`);
      return lines.length;
    },
    stop,
  };
}

interface SecretsDump {
  readonly configs?: readonly {
    readonly dynamic_active_secrets?: readonly SecretEntry[];
    readonly secret?: SecretEntry['secret'];
  }[];
}
interface SecretEntry {
  readonly secret?: {
    readonly name?: string;
    readonly tls_certificate?: { readonly certificate_chain?: Source };
    readonly validation_context?: { readonly trusted_ca?: Source };
  };
}
interface Source {
  readonly inline_bytes?: string;
  readonly inline_string?: string;
}

async function heldBy(envoy: Envoy): Promise<Held> {
  const dump = JSON.parse(await envoy.admin('config_dump?resource=dynamic_active_secrets')) as SecretsDump;
  const secrets = (dump.configs ?? []).flatMap(({ secret }) => secret ?? []);
  const chain = secrets.find(({ name }) => name === 'default')?.tls_certificate?.certificate_chain;
  const roots = secrets.find(({ name }) => name === 'ROOTCA')?.validation_context?.trusted_ca;
  return { chain: certificatesOf(chain), roots: certificatesOf(roots) };
}

function certificatesOf(source: Source | undefined): X509Certificate[] {
  const text = source?.inline_string ?? Buffer.from(source?.inline_bytes ?? '', 'base64').toString();
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
}
