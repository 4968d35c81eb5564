/**
 * VirtualService. Without hosts it is a delegate, which other VirtualServices include.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/
 */
import type { VirtualService, VirtualServiceSpec } from '../../api/istio.js';
import { validateExportTo } from '../export-to.js';
import { each, type Findings } from '../findings.js';
import { isClaim } from '../headers.js';
import { HostCover, overlaps } from '../host-cover.js';
import { isAddress } from '../names.js';
import { boundHost, validateGatewayNames } from './gateways.js';
import { validateHttpRoute } from './http-route.js';
import { validateTcpRoute, validateTlsRoute } from './l4-route.js';
import { warnUnreachable } from './unreachable.js';

const hasItems = (list: readonly unknown[] | undefined): boolean => (list ?? []).length > 0;

export function validateVirtualService(row: VirtualService, findings: Findings): void {
  const spec = row.spec;
  const delegate = !hasItems(spec.hosts);
  if (delegate) {
    for (const field of ['gateways', 'tls', 'tcp'] as const)
      if (hasItems(spec[field])) findings.at(field).error('must not be set in a delegate (a VirtualService without hosts)');
  }
  validateGatewayNames(spec.gateways, findings.at('gateways'));
  const atGateway = hasItems(spec.gateways) && !spec.gateways!.includes('mesh');
  if (!atGateway) refuseClaims(spec, findings);
  validateHosts(spec, atGateway, findings.at('hosts'));
  if (!hasItems(spec.http) && !hasItems(spec.tcp) && !hasItems(spec.tls)) findings.error('http, tcp or tls must be set');
  each(spec.http, findings.at('http'), (route, at) => validateHttpRoute(route, delegate, at));
  const cover = new HostCover(spec.hosts ?? []);
  each(spec.tls, findings.at('tls'), (route, at) => validateTlsRoute(route, spec, cover, at));
  each(spec.tcp, findings.at('tcp'), (route, at) => validateTcpRoute(route, at));
  validateExportTo(spec.exportTo, findings.at('exportTo'));
  warnUnreachable(spec.http, findings.at('http'));
  warnUnreachable(spec.tcp, findings.at('tcp'));
  warnUnreachable(spec.tls, findings.at('tls'));
}

/** Claims are only known where a gateway has checked the token. */
function refuseClaims(spec: VirtualServiceSpec, findings: Findings): void {
  each(spec.http, findings.at('http'), (route, at) =>
    each(route.match, at.at('match'), (match, here) => {
      for (const field of ['headers', 'withoutHeaders'] as const)
        for (const name of Object.keys(match[field] ?? {}))
          if (isClaim(name)) here.at(field, name).error('routing by claims is only possible at a gateway, and no gateway is named');
    }),
  );
}

function validateHosts(spec: VirtualServiceSpec, atGateway: boolean, findings: Findings): void {
  const hosts = spec.hosts ?? [];
  const sni = (spec.tls ?? []).some((route) => route.match.some((match) => match.sniHosts.length > 0));
  let good = true;
  each(hosts, findings, (host, at) => {
    const message = boundHost(host, atGateway, sni);
    const problem =
      message === undefined ? (!atGateway && host === '*' ? "'*' is only allowed at a gateway" : undefined) : isAddress(host) ? undefined : message;
    good &&= problem === undefined;
    at.check(problem);
  });
  if (!good) return;
  for (const [index, earlier] of overlaps(hosts)) findings.at(index).error(`'${hosts[index]}' duplicates '${earlier}'`);
}
