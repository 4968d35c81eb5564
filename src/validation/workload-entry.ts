/** WorkloadEntry, also as endpoint of a ServiceEntry. https://istio.io/latest/docs/reference/config/networking/workload-entry/ */
import type { WorkloadEntry, WorkloadEntrySpec } from '../api/istio.js';
import { eachEntry, type Findings } from './findings.js';
import { fqdn, isAddress, label, labelProblems, port, unixSocket } from './names.js';

const SOCKET = 'unix://';

export function validateWorkloadEntry(row: WorkloadEntry, findings: Findings): void {
  validateEndpoint(row.spec, findings);
}

/** `service` holds what the ServiceEntry around it says. */
export function validateEndpoint(entry: WorkloadEntrySpec, findings: Findings, service?: { ports: ReadonlySet<string> }): void {
  const { address = '', network = '' } = entry;
  if (address === '') {
    if (network === '') return findings.at('address').error('is required');
    findings.at('address').warn(`is not set; the workload is only reached through the gateway of network ${network}`);
  }
  const socket = address.startsWith(SOCKET);
  if (socket) {
    findings.at('address').check(unixSocket(address.slice(SOCKET.length)));
    if (Object.keys(entry.ports ?? {}).length > 0) findings.at('ports').error('must not be set for a Unix socket');
    if (service !== undefined && service.ports.size !== 1) findings.at('address').error('a Unix socket needs a service with exactly one port');
  } else if (address !== '' && !isAddress(address)) {
    if (service !== undefined) findings.at('address').error(`'${address}' must be an IP address`);
    else if (fqdn(address) !== undefined) findings.at('address').error(`'${address}' is neither an IP address nor a domain name`);
  }
  validateEndpointPorts(entry, findings, service?.ports);
  for (const [key, message] of labelProblems(entry.labels)) findings.at('labels', key).error(message);
}

export function validateEndpointPorts(entry: WorkloadEntrySpec, findings: Findings, servicePorts?: ReadonlySet<string>): void {
  eachEntry(entry.ports, findings.at('ports'), (name, number, at) => {
    if (servicePorts !== undefined && !servicePorts.has(name)) at.error('the ServiceEntry has no port of this name');
    at.check(label(name, 'port name'));
    at.check(port(number));
  });
}
