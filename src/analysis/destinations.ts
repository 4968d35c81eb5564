/**
 * Destinations of VirtualServices that lead nowhere (VS-010, DR-003, SD-028): the host is no service, is not exported to who sends there, has no
 * such port, or the DestinationRule that holds has no such subset. Envoy answers each with 503, and nothing else tells.
 */
import type { Destination, VirtualService } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import { keyOf } from '../api/resource.js';
import { resolveShortName } from '../model/hosts.js';
import type { Service } from '../model/service.js';
import { boundGateways, MESH_GATEWAY, resolveNames } from '../model/virtual-service-names.js';
import { isVisibleTo } from '../model/visibility.js';
import { type Check, type Context, type Draft, nameOf, perRow } from './check.js';
import { rowOf } from './service-row.js';

interface Use {
  readonly to: Destination;
  readonly path: FieldPath;
}

export const destinations: Check = perRow('destination', 'VirtualService', (context, row) => {
  // Delegates count too, so the row is resolved here: the model has only those with hosts.
  const spec = resolveNames(row.spec, row.metadata.namespace, context.domain);
  return usesOf({ ...row, spec }).flatMap((use) => examine(context, row, use) ?? []);
});

function usesOf({ spec }: VirtualService): readonly Use[] {
  const uses: Use[] = [];
  const add = (to: Destination | undefined, path: FieldPath): void => {
    if (to?.host) uses.push({ to, path: [...path, 'destination'] });
  };
  for (const [i, route] of (spec.http ?? []).entries()) {
    for (const [j, one] of (route.route ?? []).entries()) add(one.destination, ['spec', 'http', i, 'route', j]);
    if (route.mirror?.host) uses.push({ to: route.mirror as Destination, path: ['spec', 'http', i, 'mirror'] });
    for (const [j, one] of (route.mirrors ?? []).entries()) add(one.destination, ['spec', 'http', i, 'mirrors', j]);
  }
  for (const kind of ['tls', 'tcp'] as const) {
    for (const [i, route] of (spec[kind] ?? []).entries()) {
      for (const [j, one] of (route.route ?? []).entries()) add(one.destination, ['spec', kind, i, 'route', j]);
    }
  }
  return uses;
}

function examine(context: Context, row: VirtualService, { to, path }: Use): Draft | undefined {
  const services = context.lookups.services(to.host);
  const at = { row, path: [...path, 'host'] };
  if (services.length === 0) {
    return { severity: 'error', code: 'unknown-destination', message: `no service has the host ${to.host}${hint(context, row, to.host)}`, at };
  }
  const clients = clientsOf(context, row);
  const seen = services.filter((service) => clients.some((client) => isVisibleTo(service.visibility, client)));
  const service = seen[0];
  if (service === undefined) {
    const message = `${to.host} is not exported to ${clients.length === 1 ? 'namespace' : 'namespaces'} ${clients.join(', ')}, from where it is asked for`;
    return { severity: 'error', code: 'hidden-destination', message, at, related: services.flatMap((one) => rowOf(context, one) ?? []) };
  }
  return portProblem(context, row, to, path, seen) ?? subsetProblem(context, row, to, path, service, clients);
}

/** Namespaces whose proxies follow this VirtualService, as far as they are known: its own, or those it is exported to, or its gateways'. */
function clientsOf({ mesh, lookups }: Context, row: VirtualService): readonly string[] {
  const { namespace } = row.metadata;
  const isDelegate = (row.spec.hosts?.length ?? 0) === 0;
  const gateways = isDelegate ? [MESH_GATEWAY] : boundGateways(mesh.virtualServices.get(keyOf(row))?.spec ?? row.spec);
  const found = new Set<string>();
  for (const gateway of gateways) {
    const selector = mesh.rows.of('Gateway').get(gateway)?.spec.selector;
    if (selector !== undefined) for (const workload of lookups.gatewayWorkloads(selector)) found.add(workload.namespace);
  }
  if (gateways.includes(MESH_GATEWAY)) {
    const visibility = lookups.visibilityOf(row);
    for (const client of visibility.to === 'namespaces' ? visibility.namespaces : [namespace]) found.add(client);
  }
  return found.size === 0 ? [namespace] : [...found].sort();
}

function hint({ lookups }: Context, row: VirtualService, host: string): string {
  const [name = '', namespace] = host.split('.');
  const all = lookups.hostnames();
  const inNamespace = namespace === undefined ? undefined : all.find((known) => known.startsWith(`${name}.${namespace}.svc.`));
  const elsewhere = inNamespace ?? all.find((known) => known.startsWith(`${name}.`) && !known.startsWith(`${name}.${row.metadata.namespace}.svc.`));
  return elsewhere === undefined ? '' : `; did you mean ${elsewhere}?`;
}

function portProblem(
  context: Context,
  row: VirtualService,
  { host, port }: Destination,
  path: FieldPath,
  services: readonly Service[],
): Draft | undefined {
  const ports = [...new Set(services.flatMap((service) => service.ports.filter(({ protocol }) => protocol !== 'UDP').map((one) => one.port)))].sort(
    (a, b) => a - b,
  );
  const related = services.flatMap((service) => rowOf(context, service) ?? []);
  const number = Number(port?.number ?? 0);
  if (number !== 0 && !ports.includes(number)) {
    const message = `${host} has no port ${number}, only ${ports.join(', ') || 'none'}`;
    return { severity: 'error', code: 'unknown-port', message, at: { row, path: [...path, 'port', 'number'] }, related };
  }
  const isRoot = (row.spec.hosts?.length ?? 0) > 0;
  if (number === 0 && ports.length > 1 && isRoot) {
    const served = gatewayPorts(context, row).filter((port) => !ports.includes(port));
    if (served.length === 0) return undefined;
    const message = `${host} has ports ${ports.join(', ')}: without port.number a gateway sends to the port of its own server, ${served.join(', ')}`;
    return { severity: 'error', code: 'ambiguous-port', message, at: { row, path }, related };
  }
  return undefined;
}

/** Ports of all servers that could serve this. */
function gatewayPorts({ mesh }: Context, row: VirtualService): readonly number[] {
  const keys = boundGateways(mesh.virtualServices.get(keyOf(row))?.spec ?? {}).filter((key) => key !== MESH_GATEWAY);
  const servers = keys.flatMap((key) => mesh.rows.of('Gateway').get(key)?.spec.servers ?? []);
  return [...new Set(servers.map((server) => Number(server.port.number)))].sort((a, b) => a - b);
}

function subsetProblem(
  context: Context,
  row: VirtualService,
  { host, subset }: Destination,
  path: FieldPath,
  service: Service,
  clients: readonly string[],
): Draft | undefined {
  if (!subset) return undefined;
  const at = { row, path: [...path, 'subset'] };
  const { destinationRules, rows } = context.mesh;
  for (const namespace of clients) {
    const keys = destinationRules.selectKeys({ namespace, labels: {} }, service);
    if (destinationRules.subsetNames(keys).includes(subset)) continue;
    const rules = [...rows.of('DestinationRule').list().values()];
    const others = rules.filter(
      (rule) =>
        resolveShortName(rule.spec.host, rule.metadata.namespace, context.domain) === service.hostname &&
        rule.spec.subsets?.some(({ name }) => name === subset) === true,
    );
    const where = clients.length === 1 ? '' : ` for clients in ${namespace}`;
    const held = destinationRules.get(keys)?.from ?? [];
    // One that clients with certain labels follow: nobody knows here whether these are the ones.
    if (others.some((rule) => rule.spec.workloadSelector !== undefined && rule.metadata.namespace === namespace)) continue;
    if (others[0] !== undefined) {
      const message = `subset ${subset} of ${host} is defined by ${nameOf(others[0])}, which does not hold${where}${held[0] ? `: ${nameOf(held[0])} does` : ''}`;
      return {
        severity: 'error',
        code: 'hidden-subset',
        message,
        at,
        related: [...held, ...others].map((rule) => ({ row: rule, path: ['spec', 'host'] })),
      };
    }
    const message =
      held[0] === undefined ? `no DestinationRule defines subsets of ${host}${where}` : `${nameOf(held[0])} defines no subset ${subset}${where}`;
    return { severity: 'error', code: 'unknown-subset', message, at, related: held.map((rule) => ({ row: rule, path: ['spec', 'subsets'] })) };
  }
  return undefined;
}
