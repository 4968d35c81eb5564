/** ServiceEntry. https://istio.io/latest/docs/reference/config/networking/service-entry/ */
import type { ServiceEntry, ServiceEntrySpec } from '../api/istio.js';
import { validateExportTo } from './export-to.js';
import { each, type Findings } from './findings.js';
import { fqdn, isAddress, label, labelProblems, partialWildcard, port, subnet, wildcardDomain } from './names.js';
import { validateWorkloadSelector } from './selector.js';
import { isHttp, isTcp, isTls, protocol } from './values.js';
import { validateEndpoint, validateEndpointPorts } from './workload-entry.js';

const count = (list: readonly unknown[] | undefined): number => (list ?? []).length;

export function validateServiceEntry(row: ServiceEntry, findings: Findings): void {
  const spec = row.spec;
  const resolution = spec.resolution ?? 'NONE';
  validateWorkloadSelector(spec.workloadSelector, findings.at('workloadSelector'));
  if (spec.workloadSelector !== undefined && count(spec.endpoints) > 0)
    findings.at('endpoints').error('must not be set together with workloadSelector');
  if (count(spec.hosts) === 0) findings.at('hosts').error('must have at least one host');
  each(spec.hosts, findings.at('hosts'), (host, at) => {
    at.check(host === '*' ? "must not be '*'" : wildcardDomain(host));
    const partial = partialWildcard(host);
    if (partial !== undefined && resolution !== 'DYNAMIC_DNS') at.warn(partial);
  });
  each(spec.addresses, findings.at('addresses'), (text, at) => at.check(subnet(text)));
  if (spec.addresses?.some((text) => text.includes('/')) === true && !['NONE', 'STATIC'].includes(resolution))
    findings.at('addresses').error('a CIDR range is only allowed with resolution NONE or STATIC');
  validatePorts(row, resolution, findings);
  validateResolution(row, resolution, findings);
  if (resolution !== 'NONE' && count(spec.hosts) > 1 && (spec.ports ?? []).some((one) => !isHttp(one.protocol ?? '') && !isTls(one.protocol ?? '')))
    findings.at('hosts').error('several hosts are only possible when all ports are HTTP or TLS');
  validateExportTo(spec.exportTo, findings.at('exportTo'), { serviceEntry: true });
}

/** Istio gives addresses to entries that have none, but not with resolution NONE and not against the user's will. */
function allocates(row: ServiceEntry, resolution: string): boolean {
  return (
    resolution !== 'NONE' &&
    row.metadata.labels['networking.istio.io/enable-autoallocate-ip']?.toLowerCase() !== 'false' &&
    count(row.spec.addresses) === 0
  );
}

function validatePorts(row: ServiceEntry, resolution: string, findings: Findings): void {
  const names = new Set<string>();
  const numbers = new Set<number>();
  each(row.spec.ports, findings.at('ports'), (one, at) => {
    if (names.has(one.name)) at.at('name').error(`'${one.name}' is there twice`);
    if (numbers.has(one.number)) at.at('number').error(`${one.number} is there twice`);
    names.add(one.name);
    numbers.add(one.number);
    if ((one.targetPort ?? 0) !== 0) at.at('targetPort').check(port(one.targetPort!));
    if (count(row.spec.addresses) === 0 && !allocates(row, resolution) && ['', 'TCP'].includes(one.protocol ?? ''))
      at.warn('a TCP port needs addresses: without them it takes the port for all destinations');
    at.at('name').check(label(one.name, 'port name'));
    at.at('protocol').check(protocol(one.protocol));
    at.at('number').check(port(one.number));
  });
}

function validateResolution(row: ServiceEntry, resolution: string, findings: Findings): void {
  const spec = row.spec;
  const ports = new Set((spec.ports ?? []).map((one) => one.name));
  const endpoints = findings.at('endpoints');
  switch (resolution) {
    case 'NONE':
      if (count(spec.endpoints) > 0) endpoints.error('must not be set with resolution NONE');
      if (spec.workloadSelector !== undefined) findings.at('workloadSelector').warn('has no effect with resolution NONE');
      break;
    case 'STATIC':
      each(spec.endpoints, endpoints, (endpoint, at) => validateEndpoint(endpoint, at, { ports }));
      break;
    case 'DYNAMIC_DNS':
      validateDynamic(row, findings);
      break;
    default:
      validateDns(spec, resolution, ports, findings);
  }
}

function validateDns(spec: ServiceEntrySpec, resolution: string, ports: ReadonlySet<string>, findings: Findings): void {
  const endpoints = findings.at('endpoints');
  if (count(spec.endpoints) === 0) {
    const index = spec.hosts.findIndex((host) => fqdn(host) !== undefined);
    if (index >= 0) findings.at('hosts', index).error(`must be a full domain name with resolution ${resolution} and no endpoints`);
  }
  if (resolution === 'DNS_ROUND_ROBIN' && count(spec.endpoints) > 1)
    endpoints.error('must have one endpoint at most with resolution DNS_ROUND_ROBIN');
  each(spec.endpoints, endpoints, (endpoint, at) => {
    const { address = '' } = endpoint;
    if (!isAddress(address) && fqdn(address) !== undefined) at.at('address').error(`'${address}' is neither an IP address nor a domain name`);
    for (const [key, message] of labelProblems(endpoint.labels)) at.at('labels', key).error(message);
    validateEndpointPorts(endpoint, at, ports);
  });
  if (count(spec.addresses) > 0 && spec.hosts.length > 1 && (spec.ports ?? []).some((one) => isTcp(one.protocol ?? '')))
    findings.at('hosts').warn('several hosts share the addresses of a TCP port');
}

/** Envoy resolves the name that the client asked for. */
function validateDynamic(row: ServiceEntry, findings: Findings): void {
  const spec = row.spec;
  each(spec.hosts, findings.at('hosts'), (host, at) => {
    if (!host.startsWith('*')) at.error('must have a wildcard with resolution DYNAMIC_DNS');
  });
  for (const field of ['addresses', 'endpoints'] as const)
    if (count(spec[field]) > 0) findings.at(field).error('must not be set with resolution DYNAMIC_DNS');
  each(spec.ports, findings.at('ports'), (one, at) => {
    if (!['HTTP', 'TLS', 'GRPC', 'HTTP2'].includes((one.protocol ?? '').toUpperCase()))
      at.at('protocol').error('must be HTTP, HTTP2, GRPC or TLS with resolution DYNAMIC_DNS');
  });
  const waypoint = row.metadata.labels['istio.io/use-waypoint'] ?? '';
  if (spec.location === 'MESH_INTERNAL' && waypoint !== '' && waypoint.toLowerCase() !== 'none')
    findings.at('location').error('must not be MESH_INTERNAL with resolution DYNAMIC_DNS and a waypoint');
}
