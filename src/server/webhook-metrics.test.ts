import { expect, test } from '@jest/globals';
import { Metrics } from '../telemetry/metrics.js';
import { WebhookMetrics } from '../webhook/metrics.js';

test('MT-006: the metrics of webhooks stand beside all others, with their labels', async () => {
  const { registry } = new Metrics('1.2.3');
  const { invalid } = new WebhookMetrics(registry);
  invalid.inc({ group: 'networking.istio.io', version: 'v1', resource: 'gateways', reason: 'invalid_resource' });
  expect(await registry.metrics()).toContain(
    'galley_validation_failed{group="networking.istio.io",version="v1",resource="gateways",reason="invalid_resource"} 1',
  );
});
