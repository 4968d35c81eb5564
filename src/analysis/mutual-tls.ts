/**
 * Client and server that disagree on TLS (PA-001, PA-004, DR-021): a DestinationRule that turns mutual TLS off against workloads that take nothing else, or
 * one that demands it of workloads that take plaintext only. Each request fails.
 */
import type { DestinationRule, PeerAuthentication } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import { byAge } from '../api/resource.js';
import { hostIsWithin, isWildcard, resolveShortName } from '../model/hosts.js';
import { type Labels, selects } from '../model/labels.js';
import type { MutualTlsMode } from '../model/mesh.js';
import type { Endpoint, Port, Service } from '../model/service.js';
import { ruleTlsMode } from '../model/traffic-policy.js';
import { type Check, type Context, type Draft, nameOf, perRow } from './check.js';
import { rowOf } from './service-row.js';

export const mutualTls: Check = perRow('mutual-tls', 'DestinationRule', (context, row) => {
  const { mesh, domain } = context;
  const host = resolveShortName(row.spec.host, row.metadata.namespace, domain);
  const hosts = isWildcard(host) ? context.lookups.hostnames().filter((name) => hostIsWithin(name, host)) : [host];
  const services = hosts
    .flatMap((name) => mesh.services.byHostname(name))
    .filter((service) => !service.meshExternal && service.resolution !== 'Alias');
  const names = ['', ...(row.spec.subsets ?? []).map(({ name }) => name)];
  const found: Draft[] = [];
  for (const service of services) {
    for (const subset of names) {
      const own = subset === '' || ownsTls(row, subset);
      const draft = own ? service.ports.map((port) => examine(context, row, service, port, subset)).find((one) => one !== undefined) : undefined;
      if (draft !== undefined) found.push(draft);
    }
  }
  return found;
});

/** Subsets without TLS settings of their own say nothing new. */
const ownsTls = ({ spec }: DestinationRule, subset: string): boolean => {
  const policy = spec.subsets?.find(({ name }) => name === subset)?.trafficPolicy as
    | { tls?: unknown; portLevelSettings?: { tls?: unknown }[] }
    | undefined;
  return policy?.tls !== undefined || policy?.portLevelSettings?.some((entry) => entry.tls !== undefined) === true;
};

function examine(context: Context, row: DestinationRule, service: Service, port: Port, subset: string): Draft | undefined {
  if (port.protocol === 'UDP') return undefined;
  const client = ruleTlsMode(row.spec, port.port, subset);
  if (client === undefined) return undefined;
  const wrong: MutualTlsMode = client === 'ISTIO_MUTUAL' ? 'DISABLE' : 'STRICT';
  const { endpoints, peerAuthentications } = context.mesh;
  const labels = row.spec.subsets?.find(({ name }) => name === subset)?.labels ?? {};
  const workloads = endpoints.of(service.key, port.name).filter((endpoint) => selects(labels, endpoint.labels));
  // Without a sidecar nobody enforces the policy.
  const guarded = workloads.filter((endpoint) => endpoint.tlsMode === 'istio');
  const server = guarded.find((endpoint) => peerAuthentications.mode(endpoint.namespace, endpoint.labels, endpoint.port) === wrong);
  const isUnknown = workloads.length === 0 && service.registry === 'Kubernetes' && peerAuthentications.namespaceMode(service.namespace) === wrong;
  if (server === undefined && !isUnknown) return undefined;
  const policy = deciding(context, server ?? { namespace: service.namespace, labels: {}, port: 0 }, wrong);
  const who = server === undefined ? 'what it stands for' : `workload ${server.namespace}/${server.workloadName || server.address}`;
  const takes = wrong === 'STRICT' ? 'takes mutual TLS only' : 'takes no mutual TLS';
  const message = `tls mode ${client} fails at ${service.hostname}:${port.port}: ${who} ${takes}${policy ? ` (${nameOf(policy)})` : ''}`;
  const related = [...(policy ? [{ row: policy, path: ['spec'] }] : []), ...[rowOf(context, service)].filter((spot) => spot !== undefined)];
  return { severity: 'error', code: 'mutual-tls-conflict', message, at: { row, path: pathOf(row, port.port, subset) }, related };
}

/** The policy that set the mode: by selector, then the namespace's, then the mesh's. */
function deciding(context: Context, server: Pick<Endpoint, 'namespace' | 'labels' | 'port'>, mode: MutualTlsMode): PeerAuthentication | undefined {
  const all = [...context.mesh.rows.of('PeerAuthentication').list().values()].sort(byAge);
  const selectorOf = ({ spec }: PeerAuthentication): Labels => spec.selector?.matchLabels ?? {};
  const isForAll = (row: PeerAuthentication): boolean => Object.keys(selectorOf(row)).length === 0;
  const inOwn = all.filter((row) => row.metadata.namespace === server.namespace);
  const candidates = [
    inOwn.find((row) => !isForAll(row) && selects(selectorOf(row), server.labels)),
    inOwn.find(isForAll),
    all.find((row) => row.metadata.namespace === context.mesh.config().rootNamespace && isForAll(row)),
  ];
  return candidates.find((row) => row !== undefined && (row.spec.portLevelMtls?.[server.port]?.mode === mode || row.spec.mtls?.mode === mode));
}

function pathOf({ spec }: DestinationRule, port: number, subset: string): FieldPath {
  const at = spec.subsets?.findIndex(({ name }) => name === subset) ?? -1;
  const ofSubset = subset !== '' && at >= 0;
  const base: FieldPath = ofSubset ? ['spec', 'subsets', at, 'trafficPolicy'] : ['spec', 'trafficPolicy'];
  const policy = (ofSubset ? spec.subsets?.[at]?.trafficPolicy : spec.trafficPolicy) as
    | { readonly portLevelSettings?: readonly { readonly port?: { readonly number?: number }; readonly tls?: unknown }[] }
    | undefined;
  const entry = policy?.portLevelSettings?.findIndex((one) => one.port?.number === port && one.tls !== undefined) ?? -1;
  return entry < 0 ? [...base, 'tls'] : [...base, 'portLevelSettings', entry, 'tls'];
}
