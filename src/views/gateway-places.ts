/**
 * Servers of merged Gateways by what asks for them: route configurations by name, listeners by place. There may be as many as a Gateway's document
 * has room for, and each asks, so that the tables are made once for one state of the listeners.
 */
import type { GatewayListener } from '../model/gateway-merge.js';
import type { GatewayServer } from '../model/mesh.js';

interface Places {
  readonly byRouteName: ReadonlyMap<string, readonly GatewayServer[]>;
  readonly tcp: ReadonlyMap<string, readonly GatewayServer[]>;
  readonly quic: ReadonlyMap<string, readonly GatewayServer[]>;
}

const known = new WeakMap<readonly GatewayListener[], Places>();

/** Servers whose routes are in the configuration of that name. */
export const serversOfRoute = (listeners: readonly GatewayListener[], name: string): readonly GatewayServer[] =>
  placesOf(listeners).byRouteName.get(name) ?? [];

/** Servers of the first listener at an address and port, or all that take QUIC there. */
export const serversAt = (listeners: readonly GatewayListener[], bind: string, port: number, isQuic: boolean): readonly GatewayServer[] =>
  placesOf(listeners)[isQuic ? 'quic' : 'tcp'].get(`${port}~${bind}`) ?? [];

function placesOf(listeners: readonly GatewayListener[]): Places {
  let places = known.get(listeners);
  if (places === undefined) {
    const all = listeners.flatMap(({ bind, servers }) => servers.map((server) => ({ bind, server })));
    places = {
      byRouteName: grouped(all, ({ server }) => server.routeName),
      // The first listener of a place is put in last.
      tcp: new Map(listeners.toReversed().map(({ bind, port, servers }) => [`${port}~${bind}`, servers])),
      quic: grouped(all, ({ bind, server }) => (server.quicPort === undefined ? undefined : `${server.quicPort}~${bind}`)),
    };
    known.set(listeners, places);
  }
  return places;
}

function grouped<T extends { readonly server: GatewayServer }>(
  all: readonly T[],
  keyOf: (one: T) => string | undefined,
): Map<string, GatewayServer[]> {
  const groups = new Map<string, GatewayServer[]>();
  for (const one of all) {
    const key = keyOf(one);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one.server]);
    else group.push(one.server);
  }
  return groups;
}
