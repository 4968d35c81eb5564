/**
 * A storm of edits: states of a mesh, each right in itself, that follow one another by what people do to a mesh all day: weights move, subsets
 * come and go, services are renamed, routes are removed, endpoints scale. The order is random but comes from a seed.
 */
import type { Resource } from './scenario.js';

const namespace = 'app';
const versions = ['v1', 'v2', 'v3'];

/** A mesh under edit. */
export interface Storm {
  /** Makes one edit and returns everything that is there now. */
  next(): Resource[];
  /** What the edits were, by kind. */
  readonly edits: Readonly<Record<string, number>>;
}

/** A storm over the pods at these addresses. */
export function storm(addresses: Readonly<Record<string, string>>, seed: number): Storm {
  const random = generator(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const edits: Record<string, number> = {};
  let fresh = 0;
  let weight = 50;
  let subsets = versions.map((version) => ({ name: version, version }));
  let renamed = 0;
  let withRoute = true;
  let scaled = versions;
  const kinds: Record<string, () => void> = {
    weights: () => {
      weight = below(101);
    },
    'subset added and used': () => {
      subsets = [...subsets.slice(-3), { name: `s${fresh++}`, version: versions[below(3)] ?? 'v1' }];
    },
    'subset removed': () => {
      if (subsets.length > 2) subsets = subsets.slice(1);
    },
    'service renamed': () => {
      renamed++;
    },
    'route added or removed': () => {
      withRoute = !withRoute;
    },
    'endpoints scaled': () => {
      scaled = versions.filter((_, n) => n === renamed % 3 || below(2) === 0);
    },
  };
  return {
    edits,
    next() {
      const [name = '', edit] = Object.entries(kinds)[below(Object.keys(kinds).length)] ?? [];
      edit?.();
      edits[name] = (edits[name] ?? 0) + 1;
      return [
        service('storm', '10.96.3.1', { app: 'echo' }),
        rule('storm', subsets),
        // The newest and the oldest subset share the traffic.
        route('storm', [
          { weight, destination: { host: 'storm', subset: subsets.at(-1)?.name } },
          { weight: 100 - weight, destination: { host: 'storm', subset: subsets[0]?.name } },
        ]),
        service('named', '10.96.3.2', { app: 'echo' }),
        service(`name-${renamed}`, `10.96.4.${1 + (renamed % 250)}`, { app: 'echo' }),
        ...(withRoute ? [route('named', [{ destination: { host: `name-${renamed}` } }])] : []),
        service('scaled', '10.96.3.3'),
        slice(
          'scaled',
          scaled.map((version) => addresses[version] ?? ''),
        ),
      ];
    },
  };
}

function resource(kind: string, apiVersion: string, name: string, rest: object): Resource {
  return { apiVersion, kind, metadata: { name, namespace }, ...rest } as Resource;
}

function service(name: string, clusterIP: string, selector?: Record<string, string>): Resource {
  const spec = { clusterIP, ...(selector && { selector }), ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
  return resource('Service', 'v1', name, { spec });
}

function rule(host: string, subsets: readonly { name: string; version: string }[]): Resource {
  const spec = { host, subsets: subsets.map(({ name, version }) => ({ name, labels: { version } })) };
  return resource('DestinationRule', 'networking.istio.io/v1', host, { spec });
}

function route(host: string, destinations: readonly object[]): Resource {
  return resource('VirtualService', 'networking.istio.io/v1', host, { spec: { hosts: [host], http: [{ route: destinations }] } });
}

function slice(of: string, addresses: readonly string[]): Resource {
  const metadata = { name: `${of}-1`, namespace, labels: { 'kubernetes.io/service-name': of } };
  const endpoints = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }));
  return resource('EndpointSlice', 'discovery.k8s.io/v1', `${of}-1`, {
    metadata,
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints,
  });
}

/** Numbers from 0 to 1 that the seed decides (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
