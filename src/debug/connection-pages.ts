/** Pages about streams: who is connected, and how each stands. */
import type { Locality } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { ConnectionStatus } from '../xds/connection-status.js';
import type { EncodedResource } from '../xds/provider.js';
import type { Caller } from './caller.js';
import { isOn, ok, type PageParts, type Pages } from './page.js';
import { syncz } from './syncz.js';

/** A stream of a tool that only looks (istioctl), which is no proxy. */
export const isOnlooker = ({ node }: Pick<ConnectionStatus, 'node'>): boolean => node.metadata?.['GENERATOR'] === 'event';

/** Streams of proxies that a caller may see. */
export function visibleTo(caller: Caller, connections: readonly ConnectionStatus[]): readonly ConnectionStatus[] {
  return connections
    .filter((connection) => !isOnlooker(connection))
    .filter(({ proxy }) => caller.namespace === undefined || proxy.endsWith(`.${caller.namespace}`))
    .sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
}

export const connectionPages = ({ connections }: PageParts): Pages => ({
  syncz: {
    help: 'what each proxy was sent and what it accepted; ?namespace=NAMESPACE',
    forOwnNamespace: true,
    answer: (query, caller) =>
      ok(
        visibleTo(caller, connections())
          .filter(inNamespace(query))
          .map((connection) => syncz(connection, Date.now())),
      ),
  },
  adsz: {
    help: 'who is connected, and what each watches; ?proxyID=NAME.NAMESPACE',
    answer(query) {
      const proxyID = query.get('proxyID');
      const shown = visibleTo({}, connections()).filter(({ proxy, node }) => proxyID === null || proxy === proxyID || node.id === proxyID);
      if (proxyID !== null && shown.length === 0) return { status: 404, body: `no proxy ${JSON.stringify(proxyID)} is connected here\n` };
      return ok(clients(shown, true));
    },
  },
  connections: { help: 'who is connected', answer: () => ok(clients(visibleTo({}, connections()), false)) },
  cachez: {
    help: 'resources that are kept encoded for those connected, by type; ?sizes for bytes',
    answer: (query) => ok(isOn(query.get('sizes')) ? sizes(encoded(connections())) : names(encoded(connections()))),
  },
});

const inNamespace = (query: URLSearchParams) => {
  const namespace = query.get('namespace');
  return ({ proxy }: ConnectionStatus): boolean => !namespace || proxy.endsWith(`.${namespace}`);
};

function clients(shown: readonly ConnectionStatus[], withWatches: boolean): unknown {
  return {
    totalClients: shown.length,
    clients: shown.map(({ proxy, node, peer, connectedAt, types }) => ({
      connectionId: proxy,
      connectedAt: connectedAt.toISOString(),
      address: peer.address,
      ...(withWatches && {
        labels: node.metadata?.['LABELS'],
        metadata: node.metadata,
        ...(node.locality && { locality: localityOf(node.locality) }),
        watches: Object.fromEntries(types.map(({ typeUrl, names: watched }) => [typeUrl, watched])),
      }),
    })),
  };
}

const localityOf = ({ region, zone, subZone }: Locality) => ({
  ...(region && { region }),
  ...(zone && { zone }),
  ...(subZone && { sub_zone: subZone }),
});

/** Each resource once, by type URL: those who are sent the same share it. */
function encoded(connections: readonly ConnectionStatus[]): ReadonlyMap<string, ReadonlySet<EncodedResource>> {
  const byType = new Map<string, Set<EncodedResource>>();
  for (const { typeUrl, resources } of connections.flatMap(({ types }) => types)) {
    const all = byType.get(typeUrl) ?? new Set();
    byType.set(typeUrl, all);
    for (const chunk of resources.chunks) for (const resource of chunk) all.add(resource);
  }
  return new Map([...byType].filter(([, all]) => all.size > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const names = (byType: ReadonlyMap<string, ReadonlySet<EncodedResource>>): Record<string, readonly string[]> =>
  Object.fromEntries([...byType].map(([typeUrl, all]) => [typeUrl, [...all].map(({ name }) => name).sort()]));

function sizes(byType: ReadonlyMap<string, ReadonlySet<EncodedResource>>): Record<string, string> {
  const bytes = [...byType].map(([typeUrl, all]) => [typeUrl, [...all].reduce((sum, { body }) => sum + body.length, 0)] as const);
  return Object.fromEntries(
    [...bytes, ['total', bytes.reduce((sum, [, count]) => sum + count, 0)] as const].map(([key, count]) => [key, byteCount(count)]),
  );
}

/** `512B`, `1.5kB`, `2.0MB`: as istiod writes sizes. */
function byteCount(bytes: number): string {
  if (bytes < 1000) return `${bytes}B`;
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), 4);
  return `${(bytes / 1000 ** power).toFixed(1)}${'kMGT'[power - 1]}B`;
}
