/**
 * The names that a proxy's DNS resolver answers by itself (SD-056, SD-057). Istio's agent reads this table; it makes the short forms of
 * Kubernetes names on its own. https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/
 */
import { isIP } from 'node:net';
import type { NameTable, NameTable_NameInfo } from '@envoyproxy/xds-protos/istio/networking/nds/v1/nds.js';
import { isClusterSetHost } from '../../model/multi-cluster-services.js';
import type { Endpoint, Service } from '../../model/service.js';
import { ANY_ADDRESS } from '../../model/service-addresses.js';
import type { Partial } from '../proto.js';

/** A service with what the client calls it by. */
export interface NamedService {
  readonly service: Pick<Service, 'hostname' | 'name' | 'namespace' | 'registry'>;
  /** By preference; CIDRs have no name and are left out. */
  readonly addresses: readonly string[];
  /** Pods of a headless service. */
  readonly pods: readonly NamedPod[];
}

/** One pod of a headless service as its client sees it. */
export interface NamedPod {
  readonly address: string;
  /** `hostname.subdomain` or '' for pods without a name of their own. */
  readonly name: string;
  readonly isLocal: boolean;
}

type Info = Partial<NameTable_NameInfo> & { ips: string[] };

/** Builds the table; of equal names the first Kubernetes service wins, and ServiceEntries add up their addresses. */
export function nameTable(services: readonly NamedService[]): Partial<NameTable> {
  const table = new Map<string, Info>();
  for (const named of services) {
    for (const [host, info] of podEntries(named)) table.set(host, info);
    const ips = [...named.addresses, ...named.pods.map(({ address }) => address)].filter((address) => address !== ANY_ADDRESS && isIP(address) !== 0);
    if (ips.length > 0) addService(table, named.service, ips);
  }
  return { table: Object.fromEntries([...table].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function addService(table: Map<string, Info>, { hostname, name, namespace, registry }: NamedService['service'], ips: string[]): void {
  const known = table.get(hostname);
  if (known?.registry === 'Kubernetes') return;
  // Short names are those of the cluster's own service.
  if (registry === 'Kubernetes') table.set(hostname, { ips, registry, ...(!isClusterSetHost(hostname) && { shortname: name, namespace }) });
  else if (known === undefined) table.set(hostname, { ips, registry });
  else known.ips.push(...ips.filter((address) => !known.ips.includes(address)));
}

/** `mysql-0.mysql.default.svc.cluster.local`: pods of the client's own cluster hide those of the same name elsewhere. */
function podEntries({ service, pods }: NamedService): Map<string, Info> {
  const entries = new Map<string, Info>();
  const { hostname, namespace, registry } = service;
  const dot = hostname.indexOf('.');
  if (dot < 0) return entries;
  const local = new Set(pods.filter(({ isLocal }) => isLocal).map(({ name }) => name));
  for (const { name, address, isLocal } of pods) {
    if (name === '' || (!isLocal && local.has(name))) continue;
    const host = `${name}${hostname.slice(dot)}`;
    const known = entries.get(host);
    if (known === undefined) entries.set(host, { ips: [address], registry, shortname: name, namespace });
    else known.ips.push(address);
  }
  return entries;
}

/** The pods behind a headless service that a client may be told of: ready ones on its network, each once. */
export function namedPods(
  endpoints: readonly Endpoint[],
  client: { readonly network: string; readonly clusterId: string },
  publishNotReady: boolean,
): NamedPod[] {
  const seen = new Set<string>();
  return endpoints.flatMap(({ address, health, network, clusterId, hostname, subdomain = '' }) => {
    const isReady = health === 'HEALTHY' || health === 'UNKNOWN' || publishNotReady;
    const isNear = network === '' || client.network === '' || network === client.network;
    if (!isReady || !isNear || isIP(address) === 0 || seen.has(address)) return [];
    seen.add(address);
    const isLocal = client.clusterId === '' || clusterId === client.clusterId;
    return [{ address, name: subdomain === '' || hostname === '' ? '' : `${hostname}.${subdomain}`, isLocal }];
  });
}
