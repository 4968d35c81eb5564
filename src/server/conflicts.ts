/**
 * What is doubtful in the mesh at present (MT-004), counted when somebody scrapes and once per revision. Plain reads of the model outside of
 * any query: nothing is recorded, so pushes don't pay for it. `mizzen analyze` names the resources behind the numbers.
 */
import { byAge, keyIn, keyOf } from '../api/resource.js';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import { resolveShortName } from '../model/hosts.js';
import type { Mesh } from '../model/mesh.js';
import { isDetected, isTcp, type Protocol } from '../model/protocol.js';
import type { Service, Visibility } from '../model/service.js';
import { boundGateways, MESH_GATEWAY } from '../model/virtual-service-names.js';
import { parseVisibility } from '../model/visibility.js';
import type { Conflicts } from '../telemetry/scraped-state.js';
import type { Views } from '../views/views.js';
import { repeatedClusters } from './patch-check.js';

/** What one case is about; of a proxy, which one. */
export interface Conflict {
  readonly proxy?: string;
  readonly message?: string;
}

/** All cases by what they are about: a cluster, a host, a proxy. */
export type ConflictCases = { readonly [K in keyof Conflicts]: Readonly<Record<string, Conflict>> };

/** Looks at most once per revision of the mesh. With `views` also at what EnvoyFilters do. */
export function conflictFinder(mesh: Mesh, views?: Views, domain = DEFAULT_SETTINGS.domain): () => ConflictCases {
  let revision = -1;
  let found: ConflictCases | undefined;
  return () => {
    if (found !== undefined && revision === mesh.graph.revision) return found;
    revision = mesh.graph.revision;
    return (found = findConflicts(mesh, domain, views));
  };
}

/** How many cases there are of each. */
export const countConflicts = (cases: ConflictCases): Conflicts =>
  Object.fromEntries(Object.entries(cases).map(([name, all]) => [name, Object.keys(all).length])) as unknown as Conflicts;

export function findConflicts(mesh: Mesh, domain: string, views?: Views): ConflictCases {
  const services = mesh.services.namespaces().flatMap((namespace) => mesh.services.inNamespace(namespace));
  return {
    endpointsWithoutPod: endpointsWithoutPod(mesh),
    ...ofProxies(mesh),
    ...ofPorts(mesh, services),
    clusterNames: { ...repeatedNames(services), ...(views && addedTwice(mesh, views)) },
    virtualServiceHosts: repeatedHosts(mesh, domain),
    subsets: repeatedSubsets(mesh, domain),
  };
}

type Cases = Record<string, Conflict>;

const addedTwice = (mesh: Mesh, views: Views): Cases =>
  Object.fromEntries([...repeatedClusters(mesh, views)].map(([name, filter]) => [name, { message: `EnvoyFilter ${filter} adds it again` }]));

function endpointsWithoutPod({ rows }: Mesh): Cases {
  const pods = rows.of('Pod');
  const found: Cases = {};
  for (const { metadata, spec } of rows.of('EndpointSlice').list().values()) {
    for (const { targetRef, addresses } of spec.endpoints ?? []) {
      if (targetRef?.kind !== 'Pod') continue;
      const pod = keyIn(metadata.cluster, `${targetRef.namespace ?? metadata.namespace}/${targetRef.name ?? ''}`);
      if (pods.get(pod) === undefined) found[`${keyOf({ metadata })} ${addresses.join()}`] = { message: `there is no pod ${pod}` };
    }
  }
  return found;
}

function ofProxies(mesh: Mesh): Pick<ConflictCases, 'proxiesWithoutService' | 'proxiesNotReady' | 'inboundPorts'> {
  const { rows, proxies, services, endpoints } = mesh;
  const proxiesWithoutService: Cases = {};
  const proxiesNotReady: Cases = {};
  const inboundPorts: Cases = {};
  for (const { key, type, ipAddresses, name, namespace } of rows.proxies.list().values()) {
    if (type !== 'sidecar') continue;
    const proxy = `${name}.${namespace}`;
    const { targets } = proxies.inboundScope(key);
    if (targets.length === 0) proxiesWithoutService[`${proxy} ${ipAddresses[0] ?? ''}`] = { proxy };
    const isUnready = targets.some(({ service, portName }) =>
      endpoints.of(service, portName).some(({ address, health }) => health === 'UNHEALTHY' && ipAddresses.includes(address)),
    );
    if (isUnready) proxiesNotReady[`${proxy} ${ipAddresses[0] ?? ''}`] = { proxy };
    const protocols = new Map<number, Map<Protocol, string>>();
    for (const { service, hostname, port, targetPort } of targets) {
      const protocol = services.get(service)?.ports.find((one) => one.port === port)?.protocol;
      if (protocol === undefined || isDetected(protocol)) continue;
      protocols.set(targetPort, (protocols.get(targetPort) ?? new Map<Protocol, string>()).set(protocol, hostname));
    }
    for (const [port, spoken] of protocols) {
      if (spoken.size < 2) continue;
      const message = [...spoken].map(([protocol, hostname]) => `${protocol} for ${hostname}`).join(', ');
      inboundPorts[`${proxy} ${ipAddresses[0] ?? ''}:${port}`] = { proxy, message };
    }
  }
  return { proxiesWithoutService, proxiesNotReady, inboundPorts };
}

function ofPorts(mesh: Mesh, services: readonly Service[]): Pick<ConflictCases, 'emptyClusters' | 'emptyDnsClusters' | 'outboundTcpPorts'> {
  const emptyClusters: Cases = {};
  const emptyDnsClusters: Cases = {};
  const outboundTcpPorts: Cases = {};
  const openTcp = new Map<number, string>();
  for (const { key, hostname, resolution, ports, addresses, isHeadless, autoAllocatedAddresses = [] } of services) {
    for (const { name, port, protocol } of ports) {
      const isEds = resolution === 'EDS';
      if ((isEds || resolution === 'DNS') && mesh.endpoints.of(key, name).length === 0)
        (isEds ? emptyClusters : emptyDnsClusters)[`outbound|${port}||${hostname}`] = {};
      const isOpen = addresses.length === 0 && autoAllocatedAddresses.length === 0 && !isHeadless && resolution !== 'Alias';
      if (!isOpen || !isTcp(protocol)) continue;
      const first = openTcp.get(port);
      if (first === undefined) openTcp.set(port, hostname);
      else outboundTcpPorts[`0.0.0.0_${port} ${hostname}`] = { message: `${first} has the port` };
    }
  }
  return { emptyClusters, emptyDnsClusters, outboundTcpPorts };
}

/** The cluster's name has no namespace in it: where several have the host, one counts. */
function repeatedNames(services: readonly Service[]): Cases {
  const seen = new Map<string, Claimant[]>();
  for (const { hostname, namespace, ports, visibility, refused } of services) {
    if (refused === true) continue;
    for (const { port } of ports) add(seen, `outbound|${port}||${hostname}`, { name: namespace, visibility });
  }
  return casesOf(seen, (all) => new Set(all.map(({ name }) => name)).size > 1 && meet(all));
}

function repeatedHosts(mesh: Mesh, domain: string): Cases {
  const seen = new Map<string, Claimant[]>();
  const defaults = mesh.config().defaultVirtualServiceExportTo;
  for (const row of mesh.rows.of('VirtualService').list().values()) {
    const { metadata, spec } = row;
    if ((spec.hosts ?? []).length === 0 || !boundGateways(spec).includes(MESH_GATEWAY)) continue;
    const visibility = parseVisibility(spec.exportTo, metadata.namespace, defaults);
    for (const host of new Set(spec.hosts)) add(seen, resolveShortName(host, metadata.namespace, domain), { name: keyOf(row), visibility });
  }
  return casesOf(seen, meet);
}

function repeatedSubsets({ rows }: Mesh, domain: string): Cases {
  const seen = new Map<string, string>();
  const repeated: Cases = {};
  for (const row of [...rows.of('DestinationRule').list().values()].sort(byAge)) {
    const { metadata, spec } = row;
    const host = resolveShortName(spec.host, metadata.namespace, domain);
    const selector = JSON.stringify(spec.workloadSelector?.matchLabels ?? null);
    const rule = [metadata.namespace, host, [...(spec.exportTo ?? [])].sort().join(), selector];
    for (const name of new Set((spec.subsets ?? []).map((subset) => subset.name))) {
      const key = [...rule, name].join('|');
      const older = seen.get(key);
      if (older === undefined) seen.set(key, keyOf(row));
      else repeated[`${host} ${name} ${keyOf(row)}`] = { message: `DestinationRule ${older} is older and has a subset ${name}` };
    }
  }
  return repeated;
}

interface Claimant {
  readonly name: string;
  readonly visibility: Visibility;
}

function add<T>(to: Map<string, T[]>, key: string, value: T): void {
  const all = to.get(key);
  if (all === undefined) to.set(key, [value]);
  else all.push(value);
}

const casesOf = (seen: ReadonlyMap<string, readonly Claimant[]>, holds: (all: readonly Claimant[]) => boolean): Cases =>
  Object.fromEntries(
    [...seen].filter(([, all]) => all.length > 1 && holds(all)).map(([key, all]) => [key, { message: all.map(({ name }) => name).join(', ') }]),
  );

/** Whether some client sees two of them. */
function meet(all: readonly { readonly visibility: Visibility }[]): boolean {
  const clients = new Set<string>();
  let toAll = 0;
  for (const { visibility } of all) {
    if (visibility.to === 'all') toAll += 1;
    if (visibility.to !== 'namespaces') continue;
    for (const namespace of visibility.namespaces) {
      if (clients.has(namespace)) return true;
      clients.add(namespace);
    }
  }
  return toAll > 1 || (toAll === 1 && clients.size > 0);
}
