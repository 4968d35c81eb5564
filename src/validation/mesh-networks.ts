/** Networks: where their endpoints and gateways are. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#Network */
import type { MeshNetworks } from '../api/extensions.js';
import { each, eachEntry, type Findings } from './findings.js';
import { fqdn, isAddress, isLabel, port, subnet } from './names.js';

export function validateNetworks({ networks }: MeshNetworks, findings: Findings): void {
  eachEntry(networks, findings.at('networks'), (_, { endpoints, gateways }, network) => {
    each(endpoints, network.at('endpoints'), ({ fromCidr, fromRegistry }, at) => {
      if (fromCidr !== undefined) at.at('fromCidr').check(subnet(fromCidr));
      if (fromRegistry !== undefined && !isLabel(fromRegistry)) at.at('fromRegistry').error(`'${fromRegistry}' is no name of a cluster`);
    });
    each(gateways, network.at('gateways'), ({ address, registryServiceName, port: number }, at) => {
      // Names are looked up: RESOLVE_HOSTNAME_GATEWAYS, on by default.
      if (address !== undefined && !isAddress(address)) at.at('address').check(fqdn(address));
      if (registryServiceName !== undefined) at.at('registryServiceName').check(fqdn(registryServiceName));
      at.at('port').check(port(number ?? 0));
    });
  });
}
