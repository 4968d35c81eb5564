/**
 * No tenant sees another's (issue 5): random meshes of three namespaces in two clusters, random edits and reconnects. Everything that a namespace may keep to
 * itself carries a mark; after each step no proxy may have been served bytes with a mark that its namespace and identity may not see. Proxies ask
 * for everything by name, also for what they should not know. What may be seen is worked out here anew, from exportTo and namespaces alone.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyOf } from '../src/api/resource.js';
import type { Proxy } from '../src/model/proxy.js';
import { parseNode } from '../src/model/proxy-node.js';
import { addResources, createMesh, type MeshInstance } from '../src/server/mesh-instance.js';
import { parseResources } from '../src/sources/load.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE, ROUTE_TYPE, SECRET_TYPE } from '../src/views/type-urls.js';

const NAMESPACES = ['a', 'b', 'c'];
const numberOf = (namespace: string): number => NAMESPACES.indexOf(namespace) + 1;

/** One resource of a namespace in one of its states. */
interface Slot {
  readonly kind: string;
  readonly namespace: string;
  /** Picks a state. */
  readonly variant: number;
}
type State = ReadonlyMap<string, Slot>;

/** Only a service can be exported to nobody. */
const exportsOf = ({ kind, variant }: Slot): readonly string[] => {
  const nobody = Object.hasOwn(hostOf, kind) || kind === FAR ? '~' : '.';
  return [['*'], ['.'], [NAMESPACES[variant % 3] ?? ''], [nobody]][variant % 4] ?? [];
};
const otherOf = ({ variant }: Slot): string => NAMESPACES[(variant >> 2) % 3] ?? 'a';

/** What a namespace has in a remote cluster. */
const FAR = 'Far';

const hostOf = {
  Service: (n: string) => `k-${n}.${n}.svc.cluster.local`,
  Entry: (n: string) => `e-${n}.example`,
  Tcp: (n: string) => `t-${n}.example`,
};
const istio = (kind: string, group = 'networking') => ({ apiVersion: `${group}.istio.io/v1`, kind });

/** The documents that a slot stands for. */
const DOCUMENTS: Readonly<Record<string, (slot: Slot) => readonly object[]>> = {
  Service: (slot) => serviceAndPod(slot, 1),
  [FAR]: (slot) => [...serviceAndPod(slot, 4), secretOf(slot.namespace, `far-${slot.namespace}`)],
  Entry: (slot) => [entry(slot, hostOf.Entry(slot.namespace), 2, { number: 80, name: 'http', protocol: 'HTTP' })],
  Tcp: (slot) => [entry(slot, hostOf.Tcp(slot.namespace), 3, { number: 9000, name: 'tcp', protocol: 'TCP' })],
  Route: (slot) => [
    virtualService(
      slot,
      `x-vs-${slot.namespace}`,
      { hosts: [hostOf.Service(slot.namespace)] },
      slot.variant >= 8 ? hostOf.Entry(otherOf(slot)) : undefined,
    ),
  ],
  GatewayRoute: (slot) => [
    virtualService(slot, `x-gvs-${slot.namespace}`, { hosts: [`gv-${slot.namespace}.example`], gateways: [`${otherOf(slot)}/g`] }, undefined),
  ],
  Rule: (slot) => [
    {
      ...istio('DestinationRule'),
      metadata: { name: 'd', namespace: slot.namespace },
      spec: {
        host: slot.variant >= 8 ? hostOf.Entry(otherOf(slot)) : hostOf.Service(otherOf(slot)),
        subsets: [{ name: `dr-${slot.namespace}`, labels: { app: 'k' } }],
        trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: `x-dr-${slot.namespace}` } } },
        exportTo: exportsOf(slot),
      },
    },
  ],
  Secret: (slot) => [secretOf(slot.namespace, slot.namespace)],
  Gateway: (slot) => {
    const credentialName = slot.variant % 2 === 0 ? 's' : `kubernetes://${NAMESPACES[slot.variant % 3]}/s`;
    const servers = [
      { port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['*.example'], tls: { mode: 'MUTUAL', credentialName } },
      { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
    ];
    return [{ ...istio('Gateway'), metadata: { name: 'g', namespace: slot.namespace }, spec: { selector: { gw: otherOf(slot) }, servers } }];
  },
  Policy: (slot) => [
    {
      ...istio('AuthorizationPolicy', 'security'),
      metadata: { name: 'p', namespace: slot.namespace },
      spec: { rules: [{ to: [{ operation: { paths: [`/ap-${slot.namespace}`] } }] }] },
    },
  ],
  Tokens: (slot) => [
    {
      ...istio('RequestAuthentication', 'security'),
      metadata: { name: 'r', namespace: slot.namespace },
      spec: { jwtRules: [{ issuer: `ra-${slot.namespace}`, jwks: '{"keys":[]}' }] },
    },
  ],
  Mtls: (slot) => [
    {
      ...istio('PeerAuthentication', 'security'),
      metadata: { name: 'm', namespace: slot.namespace },
      spec: { mtls: { mode: ['STRICT', 'PERMISSIVE', 'DISABLE'][slot.variant % 3] } },
    },
  ],
  Sidecar: (slot) => [
    {
      ...istio('Sidecar'),
      metadata: { name: 'sc', namespace: slot.namespace },
      spec: { egress: [{ hosts: [['*/*', './*', `${otherOf(slot)}/*`][slot.variant % 3]] }] },
    },
  ],
};

function serviceAndPod(slot: Slot, net: number): readonly object[] {
  const n = slot.namespace;
  const metadata = { name: `k-${n}`, namespace: n, annotations: { 'networking.istio.io/exportTo': exportsOf(slot).join(',') } };
  const ip = `10.${net}.${numberOf(n)}.111`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIP: `10.96.${numberOf(n)}.111`, selector: { app: 'k' }, ports: [{ name: 'http', port: 80 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'k', namespace: n, labels: { app: 'k' } },
      spec: { containers: [] },
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
    },
  ];
}

function secretOf(namespace: string, mark: string): object {
  const stringData = { 'tls.crt': `CRT-${mark}`, 'tls.key': `KEY-${mark}`, 'ca.crt': `CA-${mark}` };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace }, stringData };
}

function entry(slot: Slot, host: string, net: number, port: object): object {
  const n = numberOf(slot.namespace);
  return {
    ...istio('ServiceEntry'),
    metadata: { name: `se-${net}`, namespace: slot.namespace },
    spec: {
      hosts: [host],
      addresses: [`10.9${net + 5}.${n}.111`.replace('10.910', '10.95')],
      endpoints: [{ address: `10.${net}.${n}.111` }],
      ports: [port],
      resolution: 'STATIC',
      location: 'MESH_INTERNAL',
      exportTo: exportsOf(slot),
    },
  };
}

function virtualService(slot: Slot, mark: string, spec: object, elsewhere: string | undefined): object {
  const host = elsewhere ?? hostOf.Service(slot.namespace);
  const http = [{ headers: { request: { set: { [mark]: '1' } } }, route: [{ destination: { host, port: { number: 80 } } }] }];
  return { ...istio('VirtualService'), metadata: { name: mark, namespace: slot.namespace }, spec: { ...spec, http, exportTo: exportsOf(slot) } };
}

interface Client {
  readonly namespace: string;
  readonly proxy: Proxy;
}

/** A sidecar and a gateway of each namespace, and one proxy that proved nothing. */
const CLIENTS: readonly Client[] = [...NAMESPACES.flatMap((n) => [client(n, 'sidecar'), client(n, 'router')]), client('a', 'sidecar', '')];

function client(namespace: string, type: string, identity = `spiffe://cluster.local/ns/${namespace}/sa/${type}`): Client {
  const ip = type === 'sidecar' && identity !== '' ? `10.1.${numberOf(namespace)}.111` : `10.200.${numberOf(namespace)}.${identity === '' ? 1 : 2}`;
  const labels = type === 'sidecar' ? { app: 'k' } : { gw: namespace };
  const metadata = { NAMESPACE: namespace, CLUSTER_ID: 'Kubernetes', LABELS: labels, MIZZEN_CERTIFICATES: 'ads', DNS_CAPTURE: 'true' };
  return { namespace, proxy: parseNode({ id: `${type}~${ip}~p.${namespace}~${namespace}.svc.cluster.local`, metadata }, identity) };
}

interface Mark {
  readonly text: string;
  /** Requests for endpoints name hosts and subsets themselves, and are answered under that name: there, only addresses tell. */
  readonly isName: boolean;
  readonly maySee: (state: State, client: Client) => boolean;
  /** Nobody may see it, ever. */
  readonly isNobodys?: boolean;
}

const slotOf = (state: State, kind: string, namespace: string): Slot | undefined => state.get(`${kind}/${namespace}`);
/** What is exported to nobody (`~`) is no secret to its own namespace: DestinationRules hold there whatever they export. */
const sees = (slot: Slot | undefined, from: string): boolean => {
  if (slot === undefined) return false;
  const to = exportsOf(slot);
  return to.includes('*') || to.includes(from) || slot.namespace === from;
};

const MARKS: readonly Mark[] = NAMESPACES.flatMap((n): Mark[] => {
  const exported = (kind: string, text: string): Mark => ({
    text,
    isName: true,
    maySee: (state, from) => sees(slotOf(state, kind, n), from.namespace),
  });
  const owned = (text: string): Mark => ({ text, isName: true, maySee: (_, from) => from.namespace === n });
  const secret = (text: string): Mark => ({ text, isName: false, maySee: (_, from) => from.proxy.identity.includes(`/ns/${n}/`) });
  const service = (kind: keyof typeof hostOf, ...addresses: string[]): Mark[] => {
    // A workload knows of what it serves itself, exported or not.
    // Of a service that is in both clusters, the one whose configuration holds says who sees it.
    const slotIn = (state: State) => slotOf(state, kind, n) ?? (kind === 'Service' ? slotOf(state, FAR, n) : undefined);
    const maySee = (state: State, from: Client) => sees(slotIn(state), from.namespace) || (kind === 'Service' && from.namespace === n);
    // A route that one may see can name the host.
    const isNamed = (state: State, from: Client) =>
      NAMESPACES.some((owner) => {
        const route = slotOf(state, 'Route', owner);
        const names = route && [hostOf.Service(owner), ...(route.variant >= 8 ? [hostOf.Entry(otherOf(route))] : [])];
        return sees(route, from.namespace) && names?.includes(hostOf[kind](n)) === true;
      });
    const gatewayNames = (state: State, from: Client) => kind === 'Service' && sees(slotOf(state, 'GatewayRoute', n), from.namespace);
    return [
      { text: hostOf[kind](n), isName: true, maySee: (state, from) => maySee(state, from) || isNamed(state, from) || gatewayNames(state, from) },
      ...addresses.map((text) => ({ text, isName: false, maySee })),
    ];
  };
  const ip = (net: string) => `${net}.${numberOf(n)}.111`;
  return [
    ...service('Service', ip('10.1'), ip('10.96'), ip('10.4')),
    ...service('Entry', ip('10.2'), ip('10.97')),
    ...service('Tcp', ip('10.3'), ip('10.98')),
    exported('Route', `x-vs-${n}`),
    exported('GatewayRoute', `x-gvs-${n}`),
    exported('Rule', `dr-${n}`),
    owned(`/ap-${n}`),
    owned(`ra-${n}`),
    secret(`KEY-${n}`),
    secret(`CRT-${n}`),
    secret(`CA-${n}`),
    // Credentials come from the cluster whose configuration holds, whatever a Gateway calls them.
    ...[`KEY-far-${n}`, `CRT-far-${n}`, `CA-far-${n}`].map((text) => ({ text, isName: false, isNobodys: true, maySee: () => false })),
    secret(`WORKLOAD-KEY-${n}-sidecar`),
    secret(`WORKLOAD-KEY-${n}-router`),
  ];
});

const hosts = NAMESPACES.flatMap((n) => [`80||${hostOf.Service(n)}`, `80||${hostOf.Entry(n)}`, `9000||${hostOf.Tcp(n)}`]);
const ASKED: readonly (readonly [type: string, names: readonly string[] | undefined])[] = [
  [CLUSTER_TYPE, undefined],
  [LISTENER_TYPE, undefined],
  [NAME_TABLE_TYPE, undefined],
  [ENDPOINT_TYPE, sorted(hosts.flatMap((host) => ['', 'dr-a', 'dr-b', 'dr-c'].map((subset) => `outbound|${host.replace('||', `|${subset}|`)}`)))],
  [ROUTE_TYPE, sorted(['80', '9000', 'http.80', ...NAMESPACES.map((n) => `https.443.https.g.${n}`)])],
  [
    SECRET_TYPE,
    sorted([
      'ROOTCA',
      'default',
      ...['', ...NAMESPACES.map((n) => `${n}/`)].flatMap((n) => [`kubernetes://${n}s`, `kubernetes://${n}s-cacert`, `kubernetes-gateway://${n}s`]),
    ]),
  ],
];

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

type Watch = ReturnType<MeshInstance['views']['watch']>;
const open = ({ views }: MeshInstance, { proxy }: Client): Watch[] =>
  ASKED.map(([type, names]) => views.watch(proxy.key, type, names, () => undefined));

function rowsOf(slot: Slot) {
  const documents = DOCUMENTS[slot.kind]?.(slot) ?? [];
  const { resources, problems } = parseResources(
    documents.map((document) => JSON.stringify(document)).join('\n---\n'),
    slot.kind,
    slot.kind === FAR ? { cluster: 'far' } : {},
  );
  // What is not valid would not be taken over, and the state not be what is thought.
  if (resources.length !== documents.length) throw new Error(`${slot.kind}: ${JSON.stringify(problems)}`);
  return resources;
}

/** Marks that somebody was rightly served, over all runs: a test that never sees anything would prove nothing. */
const seen = new Set<string>();

function check(state: State, clients: ReadonlyMap<Client, readonly Watch[]>): void {
  for (const [from, watches] of clients) {
    for (const [index, watch] of watches.entries()) {
      const [type = ''] = ASKED[index] ?? [];
      const bytes = Buffer.concat(watch.read().chunks.flatMap((chunk) => chunk.map(({ body }) => body)));
      for (const { text, isName, maySee } of MARKS) {
        if ((isName && type === ENDPOINT_TYPE) || !bytes.includes(text)) continue;
        if (!maySee(state, from)) {
          const found = watch
            .read()
            .chunks.flat()
            .find(({ body }) => Buffer.from(body).includes(text));
          const held = JSON.stringify([...state.values()]);
          throw new Error(`${from.proxy.id} (${from.proxy.identity}) was served ${text} in ${type} ${found?.name}, though the mesh is ${held}`);
        }
        seen.add(text);
      }
    }
  }
}

test('no proxy is ever served what its namespace may not see or its identity may not have, through edits and reconnects', () => {
  const edit = fc.record({
    kind: fc.constantFrom(...Object.keys(DOCUMENTS)),
    namespace: fc.constantFrom(...NAMESPACES),
    variant: fc.nat(15),
    isRemoval: fc.boolean(),
    reconnects: fc.nat(CLIENTS.length * 2),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(edit, fc.nat(3)), { minLength: 10, maxLength: 25 }), (edits) => {
      const instance = createMesh();
      const { mesh } = instance;
      const state = new Map<string, Slot>();
      mesh.graph.transaction(() => {
        for (const { proxy } of CLIENTS) {
          mesh.rows.proxies.set(proxy);
          const [, , , , namespace, , account] = proxy.identity.split('/');
          if (proxy.identity === '') continue;
          const privateKeyPem = `WORKLOAD-KEY-${namespace}-${account}`;
          mesh.rows.certificates.set({ id: proxy.identity, certChainPem: 'CHAIN', privateKeyPem, rootPem: 'ROOT' });
        }
      });
      // To begin with everything is there and for everybody, so that there is something to hide.
      for (const namespace of NAMESPACES) {
        for (const kind of Object.keys(DOCUMENTS)) {
          const slot = { kind, namespace, variant: 4 * (numberOf(namespace) - 1) };
          state.set(`${kind}/${namespace}`, slot);
          addResources(mesh, rowsOf(slot));
        }
      }
      const clients = new Map(CLIENTS.map((one) => [one, open(instance, one)]));
      check(state, clients);
      for (const [{ kind, namespace, variant, isRemoval, reconnects }, luck] of edits) {
        const id = `${kind}/${namespace}`;
        const before = state.get(id);
        const slot = { kind, namespace, variant };
        // Most edits put something: a mesh of nothing hides nothing.
        if (isRemoval && luck === 0) {
          if (before !== undefined) mesh.graph.transaction(() => rowsOf(before).forEach((row) => mesh.rows.of(row.kind).delete(keyOf(row))));
          state.delete(id);
        } else {
          addResources(mesh, rowsOf(slot));
          state.set(id, slot);
        }
        const leaver = CLIENTS[reconnects];
        if (leaver !== undefined) {
          for (const watch of clients.get(leaver) ?? []) watch.close();
          mesh.graph.transaction(() => mesh.rows.proxies.delete(leaver.proxy.key));
          mesh.graph.transaction(() => mesh.rows.proxies.set(leaver.proxy));
          clients.set(leaver, open(instance, leaver));
        }
        check(state, clients);
      }
      for (const watches of clients.values()) for (const watch of watches) watch.close();
    }),
    { numRuns: Number(process.env['RUNS'] ?? 40), ...(process.env['SEED'] !== undefined && { seed: Number(process.env['SEED']) }) },
  );
  expect(MARKS.filter(({ isNobodys = false, text }) => seen.has(text) === isNobodys).map(({ text }) => text)).toEqual([]);
}, 180_000);
