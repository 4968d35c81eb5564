/** Subsets that no endpoint is in (DR-003), of services that have endpoints: their requests get 503 (no healthy upstream). */
import { resolveShortName } from '../model/hosts.js';
import { selects } from '../model/labels.js';
import { type Check, perRow } from './check.js';
import { rowOf } from './service-row.js';

export const subsetEndpoints: Check = perRow('subset-endpoints', 'DestinationRule', (context, row) => {
  const { mesh, domain } = context;
  const host = resolveShortName(row.spec.host, row.metadata.namespace, domain);
  const services = mesh.services.byHostname(host).filter(({ resolution }) => resolution !== 'Alias');
  const endpoints = services.flatMap((service) => service.ports.flatMap((port) => mesh.endpoints.of(service.key, port.name)));
  if (endpoints.length === 0) return [];
  return (row.spec.subsets ?? []).flatMap(({ name, labels = {} }, index) => {
    if (endpoints.some((endpoint) => selects(labels, endpoint.labels))) return [];
    const wanted = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
    const known = [
      ...new Set(Object.keys(labels).flatMap((key) => endpoints.flatMap((one) => one.labels[key] ?? []).map((value) => `${key}=${value}`))),
    ];
    const has = known.length === 0 ? '' : `; there are ${known.sort().join(', ')}`;
    return {
      severity: 'warning',
      code: 'empty-subset',
      message: `subset ${name} (${wanted.join(', ')}) has no endpoint among those of ${host}${has}`,
      at: { row, path: ['spec', 'subsets', index] },
      related: services.flatMap((service) => rowOf(context, service) ?? []),
    };
  });
});
