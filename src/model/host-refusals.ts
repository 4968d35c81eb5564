/**
 * Strict host ownership over the mesh: whose a host is, and every claim of another's host that is refused, so that it can be told.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import { keyOf, type Resource } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import { gatewayClaims, serviceEntryClaims } from './host-claims.js';
import { type HostOwnership, hostOwnership } from './host-ownership.js';
import { resolveShortName } from './hosts.js';
import { type Labels, selects } from './labels.js';
import type { Mesh } from './mesh.js';
import type { ModelSettings } from './services.js';
import { boundGateways } from './virtual-service-names.js';
import { parseVisibility } from './visibility.js';

type Settings = { readonly settings: Pick<ModelSettings, 'domain' | 'hostGrants'> };

/** A field for which a resource does nothing to proxies of other namespaces. */
export interface HostRefusal {
  readonly row: Resource;
  readonly path: FieldPath;
  readonly host: string;
  readonly message: string;
}

export interface HostRefusals {
  /** By kind and name; empty unless ownership is strict. */
  all(): readonly HostRefusal[];
}

/** Undefined: everybody may route everything, as in the reference. */
export function defineHostOwnership(graph: Graph, { config, settings }: Pick<Mesh, 'config'> & Settings): () => HostOwnership | undefined {
  const { hostGrants, domain } = settings;
  if (hostGrants === undefined) return () => undefined;
  const rootNamespace = graph.query('hostOwnershipRoot', (): string => config().rootNamespace);
  const ownership = graph.query('hostOwnership', (): HostOwnership => hostOwnership(hostGrants, { domain, rootNamespace: rootNamespace.get('') }));
  return () => ownership.get('');
}

export function defineHostRefusals(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'derived' | 'virtualServices'> & Settings & { readonly ownership: () => HostOwnership | undefined },
): HostRefusals {
  const { rows, ownership, settings } = mesh;
  const told = (row: Resource, { host, path }: { host: string; path: FieldPath }): HostRefusal => {
    const { namespace } = row.metadata;
    const message = `namespace ${namespace} does not own ${host}: this does nothing for proxies of other namespaces`;
    return { row, path, host, message };
  };
  /** Resources that keep to their own namespace may say what they like. */
  const reaches = ({ metadata: { namespace } }: Resource, exportTo: readonly string[] | undefined, defaults: readonly string[]): boolean => {
    const visibility = parseVisibility(exportTo, namespace, defaults);
    return visibility.to === 'all' || (visibility.to === 'namespaces' && [...visibility.namespaces].some((to) => to !== namespace));
  };

  const ofVirtualServices = (): readonly HostRefusal[] =>
    [...rows.of('VirtualService').list().values()].flatMap((row) => {
      const resolved = mesh.virtualServices.get(keyOf(row));
      if (resolved === undefined || !reaches(row, row.spec.exportTo, mesh.config().defaultVirtualServiceExportTo)) return [];
      const claims = boundGateways(resolved.spec).flatMap((gateway) => mesh.virtualServices.refused(resolved, gateway));
      return [...new Map(claims.map((claim) => [claim.host, claim])).values()].map((claim) => told(row, claim));
    });
  const ofServiceEntries = (by: HostOwnership): readonly HostRefusal[] =>
    [...rows.of('ServiceEntry').list().values()]
      .filter((row) => reaches(row, row.spec.exportTo, mesh.config().defaultServiceExportTo))
      .flatMap((row) => serviceEntryClaims(row, by).map((claim) => told(row, claim)));
  /** Rules of namespaces that are neither the client's nor the service's never hold (DR-002); only who expects it by name is told. */
  const ofDestinationRules = (by: HostOwnership): readonly HostRefusal[] =>
    [...rows.of('DestinationRule').list().values()].flatMap((row) => {
      const { namespace } = row.metadata;
      const host = resolveShortName(row.spec.host, namespace, settings.domain);
      const isTold = row.spec.exportTo !== undefined && reaches(row, row.spec.exportTo, ['.']) && !by.ownsHost(namespace, host);
      return isTold ? [told(row, { host, path: ['spec', 'host'] })] : [];
    });
  const ofGateways = (by: HostOwnership): readonly HostRefusal[] =>
    [...rows.of('Gateway').list().values()].flatMap((row) => {
      const claims = gatewayClaims(row, by, settings.domain);
      return claims.length > 0 && selectsOthers(row) ? claims.map((claim) => told(row, claim)) : [];
    });
  const selectsOthers = ({ spec, metadata }: Gateway): boolean => {
    const isOther = (namespace: string, labels: Labels): boolean =>
      namespace !== metadata.namespace && selects((spec.selector ?? {}) as Labels, labels);
    return (
      [...rows.proxies.list().values()].some((proxy) => proxy.type === 'router' && isOther(proxy.namespace, proxy.labels)) ||
      [...rows.of('Pod').list().values()].some((pod) => isOther(pod.metadata.namespace, pod.metadata.labels))
    );
  };
  const ofIngresses = (): readonly HostRefusal[] =>
    mesh.derived.findings().flatMap(({ row, code, path, message }) => (code === 'host-not-owned' ? [{ row, path, host: '', message }] : []));

  const all = graph.query(
    'hostRefusals',
    (): readonly HostRefusal[] => {
      const by = ownership();
      if (by === undefined) return [];
      return [...ofVirtualServices(), ...ofServiceEntries(by), ...ofDestinationRules(by), ...ofGateways(by), ...ofIngresses()].sort(byName);
    },
    { equals: isDeepStrictEqual },
  );
  return { all: () => all.get('') };
}

const nameOf = ({ row, path }: HostRefusal): string => `${row.kind} ${keyOf(row)} ${path.join('.')}`;
const byName = (a: HostRefusal, b: HostRefusal): number => (nameOf(a) < nameOf(b) ? -1 : 1);
