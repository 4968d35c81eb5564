/** What the leader does for managed Gateways of Kubernetes' Gateway API. */
import type { Instruments } from './instruments.js';

export const gatewayInstruments = (make: Instruments) => ({
  managed: make.gauge('mizzen_managed_gateways', 'Gateways whose workloads this replica runs; 0 unless it leads.'),
  written: make.counter('mizzen_managed_gateway_writes_total', 'Objects of managed Gateways that were applied or deleted.', ['kind', 'how']),
  failures: make.counter(
    'mizzen_managed_gateway_failures_total',
    'Times that the objects of a managed Gateway could not be brought to what they should be.',
  ),
});

export type GatewayInstruments = ReturnType<typeof gatewayInstruments>;
