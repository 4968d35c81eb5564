import { expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { prometheusTargets } from './prometheus-targets.js';

const proxy = (ip: string, metadata: object = {}, identity = '') =>
  parseNode(
    {
      id: `sidecar~${ip}~web.shop~shop.svc.cluster.local`,
      metadata: { NAMESPACE: 'shop', LABELS: { 'app.kubernetes.io/name': 'web' }, ...metadata },
    },
    identity,
  );

test('TE-002: Prometheus finds the control plane and each proxy that shows metrics, once', () => {
  const shown = { ENVOY_PROMETHEUS_PORT: 15090 };
  const found = prometheusTargets(
    [proxy('fd00::1', shown), proxy('10.0.0.2'), proxy('10.0.0.1', shown), proxy('10.0.0.1', shown, 'spiffe://a/ns/shop/sa/b')],
    '127.0.0.1:15014',
  );
  expect(found.map(({ targets }) => targets)).toEqual([['127.0.0.1:15014'], ['10.0.0.1:15090'], ['[fd00::1]:15090']]);
  expect(found[1]?.labels).toMatchObject({
    __metrics_path__: '/stats/prometheus',
    namespace: 'shop',
    pod: 'web',
    __meta_mizzen_label_app_kubernetes_io_name: 'web',
  });
});
test.each(['x', 0, 70_000, 1.5, null, {}])('a port %p is none', (port) => {
  expect(prometheusTargets([proxy('10.0.0.1', { ENVOY_PROMETHEUS_PORT: port })], 'a:1')).toHaveLength(1);
});
