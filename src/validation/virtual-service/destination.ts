/** Destinations and their weights. https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination */
import type { Destination } from '../../api/istio.js';
import { each, type Findings } from '../findings.js';
import { label, port, wildcardDomain } from '../names.js';

export function validateDestination(destination: Destination | undefined, findings: Findings): void {
  if (destination === undefined) return;
  const host = destination.host ?? '';
  findings.at('host').check(host === '*' ? "'*' is no destination" : wildcardDomain(host));
  if ((destination.subset ?? '') !== '') findings.at('subset').check(label(destination.subset!, 'subset name'));
  if (destination.port !== undefined) findings.at('port', 'number').check(port(destination.port.number ?? 0));
}

/** Weights need not sum to 100, but something must be left. */
export function validateWeights(routes: readonly { weight?: number }[] | undefined, findings: Findings): void {
  each(routes, findings, (entry, at) => {
    if ((entry.weight ?? 0) < 0) at.at('weight').error('must not be negative');
  });
  const total = (routes ?? []).reduce((sum, entry) => sum + (entry.weight ?? 0), 0);
  if ((routes ?? []).length > 1 && total === 0) findings.error('all weights are 0');
}
