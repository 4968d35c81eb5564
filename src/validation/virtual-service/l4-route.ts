/**
 * TLS (by SNI) and TCP routes of a VirtualService.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#TLSRoute
 */
import type { L4MatchAttributes, RouteDestination, TCPRoute, TLSMatchAttributes, TLSRoute, VirtualServiceSpec } from '../../api/istio.js';
import { each, type Findings } from '../findings.js';
import type { HostCover } from '../host-cover.js';
import { isAddress, subnet } from '../names.js';
import { validateDestination, validateWeights } from './destination.js';
import { boundHost } from './gateways.js';
import { validateScope } from './match.js';

export function validateTlsRoute(route: TLSRoute, owner: VirtualServiceSpec, cover: HostCover, findings: Findings): void {
  if ((route.match ?? []).length === 0) findings.at('match').error('must have at least one item');
  each(route.match, findings.at('match'), (match, at) => {
    if ((match.sniHosts ?? []).length === 0) at.at('sniHosts').error('must have at least one host');
    each(match.sniHosts, at.at('sniHosts'), (host, here) => validateSni(host, owner, cover, here));
    validateL4(match, at, true);
  });
  validateRoutes(route.route, findings.at('route'));
}

export function validateTcpRoute(route: TCPRoute, findings: Findings): void {
  each(route.match, findings.at('match'), (match, at) => validateL4(match, at, false));
  validateRoutes(route.route, findings.at('route'));
}

function validateL4(match: TLSMatchAttributes | L4MatchAttributes, findings: Findings, warns: boolean): void {
  each(match.destinationSubnets, findings.at('destinationSubnets'), (text, at) => at.check(subnet(text)));
  validateScope(match, findings, warns);
}

function validateRoutes(routes: readonly RouteDestination[] | undefined, findings: Findings): void {
  if ((routes ?? []).length === 0) findings.error('is required');
  each(routes, findings, (entry, at) => validateDestination(entry.destination, at.at('destination')));
  validateWeights(routes, findings);
}

/** An SNI host must lie within one of the VirtualService's hosts. */
function validateSni(host: string, owner: VirtualServiceSpec, cover: HostCover, findings: Findings): void {
  const message = boundHost(host, !(owner.gateways ?? []).includes('mesh'), true);
  if (message !== undefined) {
    if (isAddress(host)) findings.warn('an IP address is no SNI name; most clients send none for it');
    else findings.error(message);
  } else if (!cover.covers(host)) {
    findings.error(`'${host}' lies in none of the hosts ${cover.text}`);
  }
}
