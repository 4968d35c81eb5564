/**
 * Names of gateways in a VirtualService, and the hosts that are allowed at gateways. `mesh` stands for all sidecars.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService-gateways
 */
import { ownerOf } from '../../model/gateway-api/names.js';
import type { Findings } from '../findings.js';
import { fqdn, isLabel, wildcardDomain } from '../names.js';

/** `name` or `namespace/name`; the old `name.namespace.svc.…` still works, which is told if `warns`. */
export function validateGatewayNames(names: readonly string[] | undefined, findings: Findings, warns = true): void {
  for (const [index, name] of (names ?? []).entries()) {
    const at = findings.at(index);
    const slash = name.indexOf('/');
    // What a listener of the Gateway API became (GA-031).
    if (ownerOf(name) !== undefined) continue;
    if (slash < 0) {
      const [first, second] = name.split('.');
      if (warns && second !== undefined) at.warn(`'${name}' is the old form of a gateway's name; write ${second}/${first}`);
      at.check(fqdn(name));
      // The reference looks no further than a name without a namespace.
      return;
    }
    const [namespace, gateway] = [name.slice(0, slash), name.slice(slash + 1)];
    if (!isLabel(namespace)) at.error(`'${namespace}' is no namespace`);
    if (!isLabel(gateway)) at.error(`'${gateway}' is no name of a gateway`);
  }
}

/** A host; at gateways that pass TLS through, also the SNI names that Istio's proxies make: `outbound_.80_._.host`. */
export function boundHost(host: string, atGateway: boolean, sni: boolean): string | undefined {
  if (!atGateway || !sni || !host.startsWith('outbound_')) return wildcardDomain(host);
  if (host.length > 255) return 'a domain name must not have more than 255 characters';
  const [, port, , name] = host.split('_');
  return name !== undefined && /[0-9]/.test(port!) && /[a-zA-Z]/.test(name) ? undefined : `'${host}' must have the form outbound_.PORT_._.HOST`;
}
