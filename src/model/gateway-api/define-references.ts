/** What conversions may ask of other rows, as reads of the graph: one row or one bucket each. */
import { isDeepStrictEqual } from 'node:util';
import type { Collection, Graph } from '../../graph/graph.js';
import type { Mesh, Services } from '../mesh.js';
import type { ModelSettings } from '../services.js';
import type { Namespaces } from './label-selector.js';
import { isGranted, type References } from './references.js';
import type { GrantRow } from './types.js';

/** What the queries of this folder are built on. */
export interface GatewayApiInputs {
  readonly rows: Mesh['rows'];
  readonly services: Pick<Services, 'byHostname' | 'importDomain'>;
  readonly settings: Pick<ModelSettings, 'domain' | 'deploysGateways'>;
}

export function defineReferences({ rows, services, settings }: GatewayApiInputs): References {
  const grants = rows.of('ReferenceGrant') as unknown as Collection<GrantRow>;
  const byNamespace = grants.index('namespace', (row) => [row.metadata.namespace]);
  return {
    domain: settings.domain,
    importDomain: services.importDomain,
    hasService: (namespace, name) => rows.of('Service').has(`${namespace}/${name}`),
    hasHostname: (hostname) => services.byHostname(hostname).length > 0,
    isGranted: (from, toKind, namespace, name) => isGranted(byNamespace.get(namespace).values(), from, toKind, name),
  };
}

/** Kinds that attach to listeners, and so may be chosen by namespace. */
const ATTACHED = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'ListenerSet'] as const;

/** Labels of all namespaces; read only where a selector is. A namespace without a row of its own is there when something in it might attach. */
export function defineNamespaces(graph: Graph, { rows }: Pick<GatewayApiInputs, 'rows'>): Namespaces {
  const namespaces = graph.query(
    'gatewayApiNamespaces',
    (): ReadonlyMap<string, Readonly<Record<string, string>>> => {
      const attached = ATTACHED.flatMap((kind) => [...rows.of(kind).list().values()].map(({ metadata }) => metadata.namespace));
      const ours = [...rows.of('Namespace').list().values()].filter(({ metadata }) => metadata.cluster === undefined);
      const named = ours.map(({ metadata }) => [metadata.name, metadata.labels] as const);
      const all = new Map([...attached.map((namespace) => [namespace, {}] as const), ...named]);
      return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    { equals: isDeepStrictEqual },
  );
  return () => namespaces.get('');
}
