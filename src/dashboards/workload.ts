/** One workload: what comes in, what goes out, and whether its Envoy is well. */
import type { Dashboard } from './grafana.js';
import { duration, requests, success } from './istio-queries.js';

const IN = 'destination_workload=~"$workload",destination_workload_namespace=~"$namespace"';
const OUT = 'source_workload=~"$workload",source_workload_namespace=~"$namespace"';
const client = '{{source_workload}}.{{source_workload_namespace}}';

export const workload: Dashboard = {
  uid: 'mizzen-workload',
  title: 'Workload',
  description: 'What a workload is asked, what it asks of others, and where its time goes.',
  variables: [
    { name: 'namespace', label: 'Namespace', values: { series: 'istio_requests_total', label: 'destination_workload_namespace' } },
    {
      name: 'workload',
      label: 'Workload',
      values: { series: 'istio_requests_total{destination_workload_namespace=~"$namespace"}', label: 'destination_workload' },
    },
  ],
  rows: [
    {
      title: 'In',
      panels: [
        {
          kind: 'timeseries',
          title: 'Requests by client',
          description: 'Per second.',
          unit: 'reqps',
          queries: [{ expr: requests('destination', IN, 'source_workload, source_workload_namespace'), legend: client }],
        },
        {
          kind: 'timeseries',
          title: 'Success by client',
          description: 'Share without a 5xx.',
          unit: 'percentunit',
          queries: [{ expr: success('destination', IN, 'source_workload, source_workload_namespace'), legend: client }],
        },
        {
          kind: 'timeseries',
          title: '95th percentile',
          description: 'Of what it answers.',
          unit: 'ms',
          queries: [{ expr: duration(0.95, 'destination', IN, 'destination_workload'), legend: '{{destination_workload}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Who calls',
          description: 'By proven identity; unknown is plaintext.',
          unit: 'reqps',
          width: 12,
          queries: [{ expr: requests('destination', IN, 'source_principal'), legend: '{{source_principal}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Refused',
          description: 'Answers 401 and 403: look for the policy in the access log’s response code details.',
          unit: 'reqps',
          width: 12,
          queries: [
            {
              expr: requests('destination', `${IN},response_code=~"401|403"`, 'response_code, source_workload'),
              legend: '{{response_code}} {{source_workload}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Out',
      panels: [
        {
          kind: 'timeseries',
          title: 'Requests by service',
          description: 'Per second.',
          unit: 'reqps',
          queries: [{ expr: requests('source', OUT, 'destination_service'), legend: '{{destination_service}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Success by service',
          description: 'Share without a 5xx.',
          unit: 'percentunit',
          queries: [{ expr: success('source', OUT, 'destination_service'), legend: '{{destination_service}}' }],
        },
        {
          kind: 'timeseries',
          title: '95th percentile by service',
          description: 'What it waits for.',
          unit: 'ms',
          queries: [{ expr: duration(0.95, 'source', OUT, 'destination_service'), legend: '{{destination_service}}' }],
        },
      ],
    },
  ],
};
