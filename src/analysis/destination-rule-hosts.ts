/** DestinationRules for a host that no service has (DR-001), or whose services never see them. */
import { hostIsWithin, isWildcard, resolveShortName } from '../model/hosts.js';
import { type Check, perRow } from './check.js';

export const destinationRuleHosts: Check = perRow('destination-rule-host', 'DestinationRule', ({ mesh, domain, lookups }, row) => {
  const host = resolveShortName(row.spec.host, row.metadata.namespace, domain);
  const isKnown = isWildcard(host) ? lookups.hostnames().some((name) => hostIsWithin(name, host)) : mesh.services.byHostname(host).length > 0;
  if (isKnown) return [];
  const [name = '', namespace = ''] = host.split('.');
  const meant = lookups.hostnames().find((known) => known.startsWith(`${name}.${namespace}.svc.`));
  const hint = meant === undefined || meant === host ? '' : `; did you mean ${meant}?`;
  return [
    {
      severity: 'warning',
      code: 'unused-destination-rule',
      message: `no service has the host ${host}, so this does nothing${hint}`,
      at: { row, path: ['spec', 'host'] },
    },
  ];
});
