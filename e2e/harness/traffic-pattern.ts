/**
 * A known pattern of traffic over the mesh of the scenarios, and what Istio's metrics must say of it at each end. What a server knows of a client
 * without a certificate is nothing, and of a byte stream's client only the certificate.
 * https://istio.io/latest/docs/reference/config/metrics/
 */
import type { Reply } from './agent.js';
import type { ScenarioMesh } from './scenario-mesh.js';

type Labels = Readonly<Record<string, string>>;

/** Labels of one series, and by how much it grows. */
export interface Expected {
  readonly labels: Labels;
  readonly by: number;
}

/** One kind of request: who sends, what it comes to, and whom it counts for. */
export interface Flow {
  readonly name: string;
  readonly from: string;
  readonly send: Readonly<Record<string, unknown>>;
  readonly times: number;
  /** Status of HTTP, code of gRPC, or 200 for a byte stream that was answered. */
  readonly answer: number;
  /** Series of `istio_requests_total`, or of the four of byte streams. */
  readonly expected: readonly Labels[];
}

const accounts: Labels = {
  v1: 'app/echo',
  v2: 'app/echo',
  v3: 'app/echo',
  client: 'app/client',
  other: 'other/other',
  gateway: 'istio-system/gateway',
};
const apps: Labels = { v1: 'echo', v2: 'echo', v3: 'echo', client: 'client', other: 'other' };
const facts = ['workload', 'workload_namespace', 'app', 'version', 'canonical_service', 'canonical_revision', 'cluster', 'principal'];

/** Labels of a workload of the mesh, or of nobody. */
function workload(side: 'source' | 'destination', name: string | undefined): Labels {
  const [namespace = '', account = ''] = accounts[name ?? '']?.split('/') ?? [];
  if (name === undefined) return Object.fromEntries(facts.map((fact) => [`${side}_${fact}`, 'unknown']));
  const isEcho = name.startsWith('v');
  return {
    [`${side}_workload`]: name,
    [`${side}_workload_namespace`]: namespace,
    [`${side}_app`]: apps[name] ?? 'unknown',
    [`${side}_version`]: isEcho ? name : 'unknown',
    [`${side}_canonical_service`]: apps[name] ?? name,
    [`${side}_canonical_revision`]: isEcho ? name : 'latest',
    [`${side}_cluster`]: 'Kubernetes',
    [`${side}_principal`]: `spiffe://cluster.local/ns/${namespace}/sa/${account}`,
  };
}

function service(name: string | undefined): Labels {
  if (name === undefined) return { destination_service: 'unknown', destination_service_name: 'unknown', destination_service_namespace: 'unknown' };
  return { destination_service: `${name}.app.svc.cluster.local`, destination_service_name: name, destination_service_namespace: 'app' };
}

/** What became of it. `code` is missing for byte streams. */
interface Outcome {
  readonly protocol?: 'http' | 'grpc' | 'tcp';
  readonly code?: string;
  readonly grpc?: string;
  readonly flags?: string;
}

const outcome = ({ protocol = 'http', code = '200', grpc = '', flags = '-' }: Outcome): Labels => ({
  request_protocol: protocol,
  response_flags: flags,
  ...(protocol !== 'tcp' && { response_code: code }),
  // Prometheus has no empty labels.
  ...(grpc !== '' && { grpc_response_status: grpc }),
});

/** The client's series; `to` is undefined when no server was reached. */
const asSource = (from: string, to: string | undefined, at: string | undefined, what: Outcome = {}, isPlain = false): Labels => ({
  reporter: 'source',
  ...workload('source', from),
  ...workload('destination', to),
  // Without a handshake nobody has shown who he is.
  ...((to === undefined || isPlain) && { source_principal: 'unknown', destination_principal: 'unknown' }),
  ...service(at),
  ...outcome(what),
  connection_security_policy: 'unknown',
});

/** The server's series; `from` is undefined for clients in plaintext. */
function asDestination(from: string | undefined, to: string, at: string | undefined, what: Outcome = {}): Labels {
  const client = workload('source', from);
  const { source_principal = '', source_workload_namespace = '' } = client;
  const seen =
    from !== undefined && what.protocol === 'tcp' ? { ...workload('source', undefined), source_principal, source_workload_namespace } : client;
  return {
    reporter: 'destination',
    ...seen,
    ...workload('destination', to),
    ...(from === undefined && { destination_principal: 'unknown' }),
    ...service(at),
    ...outcome(what),
    connection_security_policy: from === undefined ? 'none' : 'mutual_tls',
  };
}

/** Both ends of a request with mutual TLS say the same. */
const both = (from: string, to: string, at: string, what: Outcome = {}): Labels[] => [
  asSource(from, to, at, what),
  asDestination(from, to, at, what),
];

const known = 'http://echo-v2.app/known/';
const say = { how: 'grpc', url: 'http://calls.app:7070/echo.Echo/Say' };
const plan = (status: string) => ({ headers: { 'x-plan': status } });

/** Everything that is sent. `ip` gives the address of a pod. */
export const flows = (ip: (pod: string) => string): readonly Flow[] => {
  const edge = { url: 'http://edge.example/', to: `${ip('gateway')}:8080` };
  const post = { method: 'POST', body: 'twelve bytes' };
  return [
    { name: 'HTTP', from: 'client', send: { url: 'http://echo-v1.app/', ...post }, times: 7, answer: 200, expected: both('client', 'v1', 'echo-v1') },
    {
      name: 'an answer 404',
      from: 'client',
      send: { url: known, ...plan('404') },
      times: 3,
      answer: 404,
      expected: both('client', 'v2', 'echo-v2', { code: '404' }),
    },
    {
      name: 'an answer 500',
      from: 'client',
      send: { url: known, ...plan('500') },
      times: 2,
      answer: 500,
      expected: both('client', 'v2', 'echo-v2', { code: '500' }),
    },
    {
      name: 'a timeout',
      from: 'client',
      send: { url: known, headers: { 'x-delay': '900' } },
      times: 2,
      answer: 504,
      // The server of a request that was given up knows no more than that.
      expected: [
        asSource('client', 'v2', 'echo-v2', { code: '504', flags: 'UT' }),
        asDestination('client', 'v2', 'echo-v2', { code: '0', flags: 'DC' }),
      ],
    },
    {
      name: 'a denial',
      from: 'client',
      send: { url: `${known}closed` },
      times: 2,
      answer: 403,
      expected: both('client', 'v2', 'echo-v2', { code: '403' }),
    },
    {
      name: 'no route',
      from: 'client',
      send: { url: 'http://echo-v2.app/nowhere' },
      times: 2,
      answer: 404,
      expected: [asSource('client', undefined, undefined, { code: '404', flags: 'NR' })],
    },
    {
      name: 'no server',
      from: 'client',
      send: { url: 'http://empty.app/' },
      times: 2,
      answer: 503,
      expected: [asSource('client', undefined, 'empty', { code: '503', flags: 'UH' })],
    },
    {
      // The server's sidecar tries again before it gives up.
      name: 'an application that does not listen',
      from: 'client',
      send: { url: 'http://deaf.app/' },
      times: 2,
      answer: 503,
      expected: [asSource('client', 'v3', 'deaf', { code: '503' }), asDestination('client', 'v3', 'deaf', { code: '503', flags: 'URX,UF' })],
    },
    { name: 'gRPC', from: 'client', send: say, times: 5, answer: 0, expected: both('client', 'v1', 'calls', { protocol: 'grpc', grpc: '0' }) },
    {
      name: 'gRPC that fails',
      from: 'client',
      send: { ...say, ...plan('503') },
      times: 2,
      answer: 14,
      expected: both('client', 'v1', 'calls', { protocol: 'grpc', grpc: '14' }),
    },
    {
      name: 'a client over state of the world',
      from: 'other',
      send: { url: 'http://echo-v1.app/' },
      times: 3,
      answer: 200,
      expected: both('other', 'v1', 'echo-v1'),
    },
    {
      // A server with several services on one port names the first of them, whoever was asked for, as Istio's does.
      name: 'plaintext between sidecars',
      from: 'client',
      send: { url: 'http://open.app/' },
      times: 4,
      answer: 200,
      expected: [asSource('client', 'v3', 'open', {}, true), asDestination(undefined, 'v3', 'echo')],
    },
    {
      name: 'plaintext from outside the mesh',
      from: 'outside',
      send: { url: `http://${ip('v3')}:8080/`, ...plan('404') },
      times: 3,
      answer: 404,
      expected: [asDestination(undefined, 'v3', 'echo', { code: '404' })],
    },
    { name: 'HTTP through the gateway', from: 'outside', send: edge, times: 4, answer: 200, expected: both('gateway', 'v1', 'echo-v1') },
    {
      name: 'a denial through the gateway',
      from: 'outside',
      send: { ...edge, url: `${edge.url}known/closed` },
      times: 2,
      answer: 403,
      expected: both('gateway', 'v2', 'echo-v2', { code: '403' }),
    },
    {
      name: 'no route at the gateway',
      from: 'outside',
      send: { ...edge, url: `${edge.url}nowhere` },
      times: 2,
      answer: 404,
      expected: [asSource('gateway', undefined, undefined, { code: '404', flags: 'NR' })],
    },
  ];
};

const tcp = { protocol: 'tcp' } as const;

/** Byte streams: one line there (`step=…`) and one back. */
export const streams = (ip: (pod: string) => string): readonly Flow[] => [
  {
    name: 'TCP',
    from: 'client',
    send: { how: 'tcp', url: 'tcp://echo-v1.app:9000' },
    times: 3,
    answer: 200,
    expected: bothStreams('client', 'v1', 'echo-v1'),
  },
  {
    name: 'TCP in plaintext',
    from: 'client',
    send: { how: 'tcp', url: 'tcp://open.app:9000' },
    times: 2,
    answer: 200,
    expected: [asSource('client', 'v3', 'open', tcp, true), asDestination(undefined, 'v3', 'echo', tcp)],
  },
  {
    name: 'TCP through the gateway',
    from: 'outside',
    send: { how: 'tcp', url: `tcp://${ip('gateway')}:9001` },
    times: 2,
    answer: 200,
    expected: bothStreams('gateway', 'v1', 'echo-v1'),
  },
];

function bothStreams(from: string, to: string, at: string): Labels[] {
  return [asSource(from, to, at, tcp), asDestination(from, to, at, tcp)];
}

/** Sends all of it, one flow after the other; what was answered, by name. */
export async function sendPattern(mesh: ScenarioMesh, all: readonly Flow[]): Promise<ReadonlyMap<string, readonly Reply[]>> {
  const answers = new Map<string, readonly Reply[]>();
  for (const { name, from, send, times } of all) {
    const headers = { 'x-step': 'pattern', ...(send['headers'] as object | undefined) };
    answers.set(name, await mesh.agent(from).call<Reply[]>('send', { how: 'http', ...send, headers, times }));
  }
  return answers;
}

/** How often each series must grow when it is sent once. */
export function expectedSeries(all: readonly Flow[]): readonly Expected[] {
  const sums = new Map<string, Expected>();
  for (const { expected, times } of all)
    for (const labels of expected) {
      const key = seriesKey(labels);
      sums.set(key, { labels, by: times + (sums.get(key)?.by ?? 0) });
    }
  return [...sums.values()];
}

/** Equal labels, equal text. */
export const seriesKey = (labels: Labels): string =>
  Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
