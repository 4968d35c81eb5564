/**
 * The mesh that all scenarios run over: pods as network namespaces with real Envoys, an agent in each, DNS for the pods, and a barrier that says
 * when every proxy has a scenario's configuration.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { type Agent, type Reply, startAgent } from './agent.js';
import { type CertificateFiles, makeCertificates } from './certificates.js';
import { type PodMesh, startPodMesh } from './mesh-pods.js';
import { ocspResponse } from './ocsp.js';
import type { Pod } from './pods.js';
import { checkout } from './processes.js';
import type { Resource, Scenario } from './scenario.js';
import { sleep, until } from './wait.js';

/** Workloads: where they are and who they are. Those without a namespace are outside the mesh. */
const workloads: Readonly<
  Record<string, { namespace?: string; labels?: Record<string, string>; locality?: string; type?: 'router'; variant?: 'sotw' }>
> = {
  v1: { namespace: 'app', labels: { app: 'echo', version: 'v1' }, locality: 'east/a' },
  v2: { namespace: 'app', labels: { app: 'echo', version: 'v2' }, locality: 'east/b' },
  v3: { namespace: 'app', labels: { app: 'echo', version: 'v3' }, locality: 'west/a' },
  client: { namespace: 'app', labels: { app: 'client' }, locality: 'east/a' },
  other: { namespace: 'other', labels: { app: 'other' }, variant: 'sotw' },
  gateway: { namespace: 'istio-system', labels: { istio: 'ingressgateway' }, type: 'router' },
  outside: {},
};
const accounts: Readonly<Record<string, string>> = { v1: 'echo', v2: 'echo', v3: 'echo' };
const servers = ['v1', 'v2', 'v3', 'outside'];
/** A provider whose service is not there is left out; the guide to tracing brings it. */
const MESH_CONFIG = `outboundTrafficPolicy: { mode: ALLOW_ANY }
extensionProviders: [{ name: zipkin, zipkin: { service: zipkin.example.com, port: 9411 } }]
`;
const warmMs = 3000;
const secureName = 'secure.example.com';

/** The running mesh. */
export interface ScenarioMesh {
  readonly pods: PodMesh;
  agent(name: string): Agent;
  pod(name: string): Pod;
  /** Servers that count what comes in. */
  readonly servers: readonly string[];
  /** Puts addresses, certificates (in base64, as text, their paths, their OCSP staples) in place of IP-…, PEM-…, TEXT-…, FILE-… and OCSP-…. */
  readonly fill: (text: string) => string;
  /** Makes these the scenario's resources (none: back to the base) and waits until every proxy has them. */
  apply(resources: readonly Resource[], dns?: Scenario['dns']): Promise<void>;
  /**
   * Ends every connection between pods. One that Envoys keep stays with the filter chain through which it was opened, with its protocol, policies and
   * access logs: a scenario would meet the one before it.
   */
  endConnections(): Promise<void>;
  /** Puts resources in place without waiting for anybody. */
  write(resources: readonly Resource[]): void;
  /** A statistic of a proxy. */
  stat(pod: string, name: string): Promise<number>;
}

/** Starts everything. `folder` must be fresh; `mesh` is what MeshConfig says. */
export async function startScenarioMesh(folder: string, net = 2, mesh = MESH_CONFIG): Promise<ScenarioMesh> {
  mkdirSync(join(folder, 'mesh'));
  const meshConfig = join(folder, 'mesh-config.yaml');
  writeFileSync(meshConfig, mesh);
  const pods = await startPodMesh(folder, net, meshConfig, { args: ['--quic-listeners', '--remote-jwks', 'hybrid'] });
  const certificates = await makeCertificates(
    folder,
    ['shop.example.com', secureName, 'client.example.com', 'revoked.example.com'],
    ['revoked.example.com'],
  );
  for (const files of Object.values(certificates)) for (const file of Object.values(files)) chmodSync(file, 0o644);
  const places = new Map<string, Pod>();
  for (const [name, { namespace, type }] of Object.entries(workloads))
    places.set(name, await pods.network.pod(name, { transparent: namespace !== undefined && type !== 'router', nameserver: pods.network.hubIp }));
  const fill = (text: string): string =>
    text
      .replace(/IP-([a-z0-9]+)/g, (whole, name: string) => places.get(name)?.ip ?? whole)
      .replace(
        /FILE-(key|crt|ca|crl)-([a-z]+)/g,
        (whole, part: keyof CertificateFiles, name: string) => certificates[`${name}.example.com`]?.[part] ?? whole,
      )
      .replace(/TEXT-(key|crt|ca)-([a-z]+)/g, (whole, part: 'key' | 'crt' | 'ca', name: string) => {
        const files = certificates[`${name}.example.com`];
        return files ? JSON.stringify(readFileSync(files[part], 'utf8')) : whole;
      })
      .replace(/PEM-(key|crt|ca|crl)-([a-z]+)/g, (whole, part: 'key' | 'crt' | 'ca' | 'crl', name: string) => {
        const files = certificates[`${name}.example.com`];
        return files ? readFileSync(files[part]).toString('base64') : whole;
      })
      .replace(/OCSP-([a-z]+)/g, (whole, name: string) => {
        const files = certificates[`${name}.example.com`];
        return files ? ocspResponse(files).toString('base64') : whole;
      });
  const base = fill(readFileSync(join(checkout, 'e2e/testdata/scenarios.yaml'), 'utf8'));
  writeFileSync(join(folder, 'mesh', 'base.yaml'), base);
  const agents = new Map<string, Agent>([['hub', await startAgent('hub', pods.network.inHub, { dns: pods.network.hubIp })]]);
  const certificate = certificates[secureName];
  await Promise.all(
    [...places].map(async ([name, pod]) => {
      const options = servers.includes(name) && certificate ? { version: name, servers: true, certificate } : {};
      agents.set(name, await startAgent(name, pod.asApp, options));
    }),
  );
  const agent = (name: string): Agent => {
    const found = agents.get(name);
    if (!found) throw new Error(`no pod is called ${name}`);
    return found;
  };
  await Promise.all(
    Object.entries(workloads).map(async ([name, { namespace, labels = {}, locality, type, variant }]) => {
      const pod = places.get(name);
      if (namespace === undefined || !pod) return;
      const joining = {
        namespace,
        serviceAccount: accounts[name] ?? name,
        labels: type ? labels : { ...labels, 'security.istio.io/tlsMode': 'istio' },
      };
      await pods.sidecar(pod, { ...joining, ...(locality && { locality }), ...(type && { type }), ...(variant && { variant }) });
    }),
  );
  const baseResources = parseAllDocuments(base).map((document) => document.toJS() as Resource);
  let round = 0;
  const write = (resources: readonly Resource[]): void => {
    const draft = join(folder, 'scenario.draft');
    writeFileSync(draft, resources.map((resource) => stringify(resource)).join('---\n'));
    renameSync(draft, join(folder, 'mesh', 'scenario.yaml'));
  };
  const send = (from: string, plan: object): Promise<Reply[]> => agent(from).call<Reply[]>('send', { how: 'http', ...plan });
  const proxies = Object.entries(workloads).flatMap(([name, { namespace }]) => (namespace === undefined ? [] : [name]));
  const isWarm = async (): Promise<boolean> => {
    const url = 'http://127.0.0.1:15000/stats?filter=total_listeners_warming';
    const replies = await Promise.all(proxies.map(async (name) => (await send(name, { url }))[0]?.body?.trim()));
    return replies.every((text) => text?.endsWith(': 0'));
  };
  return {
    pods,
    agent,
    pod(name) {
      const found = places.get(name);
      if (!found) throw new Error(`no pod is called ${name}`);
      return found;
    },
    servers,
    fill,
    write,
    async endConnections() {
      const pods = [...places.values()];
      await Promise.all(pods.map(async (pod) => pod.closeConnections(pods.flatMap(({ ip }) => (ip === pod.ip ? [] : [ip])))));
    },
    async apply(resources, dns = {}) {
      const mark = String(++round);
      const records = {
        ...names([...baseResources, ...resources], places),
        ...Object.fromEntries(Object.entries(dns).map(([name, ip]) => [name, [ip]])),
      };
      await agent('hub').call('names', { records });
      write([...resources, marker(mark)]);
      for (const from of ['client', 'other'])
        await until(
          `${from} to have round ${mark}`,
          async () => (await send(from, { url: 'http://marker.app.svc.cluster.local/', timeoutMs: 1000 }))[0]?.body === `round ${mark}`,
          {
            everyMs: 25,
          },
        );
      await until(
        'every proxy to have accepted everything',
        async () => isSynced((await send('hub', { url: `http://${pods.mizzen().http}/debug/syncz` }))[0]),
        {
          everyMs: 25,
        },
      );
      // Accepted is not in force: a listener warms first. One that waits for a secret that does not exist warms for ever.
      const deadline = Date.now() + warmMs;
      while (Date.now() < deadline && !(await isWarm())) await sleep(50);
    },
    async stat(pod, name) {
      const url = `http://127.0.0.1:15000/stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.').replaceAll('|', '\\|')}$`)}`;
      const [reply] = await send(pod, { url });
      if (reply?.status !== 200) throw new Error(`statistics of ${pod}: ${JSON.stringify(reply)}`);
      const value = reply.body?.trim().split(': ')[1];
      if (value === undefined) throw new Error(`${pod} has no statistic ${name}`);
      return Number(value);
    },
  };
}

function marker(round: string): Resource {
  const spec = { hosts: ['marker.app.svc.cluster.local'], http: [{ directResponse: { status: 200, body: { string: `round ${round}` } } }] };
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'marker', namespace: 'app' }, spec } as Resource;
}

/** No proxy waits for anything or has refused anything. */
function isSynced(reply: Reply | undefined): boolean {
  const connections = Object.values(reply?.said ?? {}) as { proxy: string; types: { type: string; status: string; error?: string }[] }[];
  const refused = connections.flatMap(({ proxy, types }) =>
    types.filter(({ error }) => error !== undefined).map(({ error }) => `${proxy}: ${error}`),
  );
  if (refused.length > 0) throw new Error(`refused by Envoy: ${refused.join('; ')}`);
  return connections.length > 0 && connections.every(({ types }) => types.every(({ status }) => status === 'SYNCED'));
}

/** Names that the pods can resolve: services, the pods behind headless ones, entries with addresses. */
function names(resources: readonly Resource[], places: ReadonlyMap<string, Pod>): Record<string, string[]> {
  const records: Record<string, string[]> = {};
  for (const { kind, metadata, spec = {} } of resources) {
    if (kind === 'Service') {
      const host = `${metadata.name}.${metadata.namespace}.svc.cluster.local`;
      const ip = spec['clusterIP'] as string | undefined;
      if (ip === 'None')
        for (const name of ['v1', 'v2', 'v3']) {
          const pod = places.get(name)?.ip ?? '';
          records[host] = [...(records[host] ?? []), pod];
          records[`${name}.${host}`] = [pod];
        }
      else if (ip !== undefined) records[host] = [ip];
    }
    if (kind === 'ServiceEntry')
      for (const host of spec['hosts'] as string[]) {
        const addresses = (spec['addresses'] as string[] | undefined) ?? [];
        if (addresses.length > 0) records[host] = addresses;
      }
  }
  return records;
}
