/** Gateways whose selector finds no workload, connected proxy or Service: nobody serves them (GW-001). */
import { type Check, perRow } from './check.js';

export const gatewaySelectors: Check = perRow('gateway-selector', 'Gateway', ({ lookups }, row) => {
  const selector = row.spec.selector ?? {};
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${String(value)}`);
  if (labels.length === 0 || lookups.gatewayWorkloads(selector).length > 0) return [];
  const message = `no known workload, gateway or Service has the labels ${labels.join(', ')}: nobody serves this Gateway`;
  return [{ severity: 'warning', code: 'unused-gateway', message, at: { row, path: ['spec', 'selector'] } }];
});
