/** What conversions may ask of other rows, as reads of the graph: one row or one bucket each. */
import type { Collection } from '../../graph/graph.js';
import type { Mesh, Services } from '../mesh.js';
import type { ModelSettings } from '../services.js';
import type { Namespaces } from './label-selector.js';
import { isGranted, type References } from './references.js';
import type { GrantRow } from './types.js';

/** What the queries of this folder are built on. */
export interface GatewayApiInputs {
  readonly rows: Mesh['rows'];
  readonly services: Pick<Services, 'byHostname'>;
  readonly settings: Pick<ModelSettings, 'domain'>;
}

export function defineReferences({ rows, services, settings }: GatewayApiInputs): References {
  const grants = rows.of('ReferenceGrant') as unknown as Collection<GrantRow>;
  const byNamespace = grants.index('namespace', (row) => [row.metadata.namespace]);
  return {
    domain: settings.domain,
    hasService: (namespace, name) => rows.of('Service').has(`${namespace}/${name}`),
    hasHostname: (hostname) => services.byHostname(hostname).length > 0,
    isGranted: (from, toKind, namespace, name) => isGranted(byNamespace.get(namespace).values(), from, toKind, name),
  };
}

/** Labels of all namespaces; read only where a selector is. */
export const namespacesOf =
  ({ rows }: Pick<GatewayApiInputs, 'rows'>): Namespaces =>
  () =>
    new Map([...rows.of('Namespace').list().values()].map(({ metadata }) => [metadata.name, metadata.labels]));
