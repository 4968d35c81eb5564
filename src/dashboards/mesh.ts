/** All of the mesh at a glance: who calls whom, how often, how fast, how often it fails. */
import type { Dashboard } from './grafana.js';
import { connections, duration, requests, streamBytes, success } from './istio-queries.js';

const EDGE = 'source_workload, source_workload_namespace, destination_service';

export const mesh: Dashboard = {
  uid: 'mizzen-mesh',
  title: 'Mesh',
  description: 'Requests of the whole mesh, as the servers count them, and each edge, as its clients do.',
  variables: [],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          kind: 'stat',
          title: 'Requests',
          description: 'Requests per second that servers answered.',
          unit: 'reqps',
          width: 6,
          queries: [{ expr: requests('destination', '', 'reporter'), legend: 'requests' }],
        },
        {
          kind: 'stat',
          title: 'Success',
          description: 'Share of requests without a 5xx, counted by the clients: also what no server has seen.',
          unit: 'percentunit',
          width: 6,
          queries: [{ expr: success('source', '', 'reporter'), legend: 'success' }],
        },
        {
          kind: 'stat',
          title: '4xx',
          description: 'Requests per second that were refused as wrong or not allowed.',
          unit: 'reqps',
          width: 6,
          queries: [{ expr: requests('source', 'response_code=~"4.."', 'reporter'), legend: '4xx' }],
        },
        {
          kind: 'stat',
          title: '5xx',
          description: 'Requests per second that failed.',
          unit: 'reqps',
          width: 6,
          queries: [{ expr: requests('source', 'response_code=~"5.."', 'reporter'), legend: '5xx' }],
        },
      ],
    },
    {
      title: 'Edges',
      panels: [
        {
          kind: 'table',
          title: 'Requests per second',
          description: 'One line for each client and service.',
          unit: 'reqps',
          queries: [{ expr: requests('source', '', EDGE), legend: '' }],
        },
        {
          kind: 'table',
          title: 'Success',
          description: 'Share without a 5xx.',
          unit: 'percentunit',
          queries: [{ expr: success('source', '', EDGE), legend: '' }],
        },
        {
          kind: 'table',
          title: '99th percentile',
          description: 'One request in a hundred takes longer.',
          unit: 'ms',
          queries: [{ expr: duration(0.99, 'source', '', EDGE), legend: '' }],
        },
      ],
    },
    {
      title: 'Over time',
      panels: [
        {
          kind: 'timeseries',
          title: 'Requests by service',
          description: 'Requests per second, as servers count them.',
          unit: 'reqps',
          queries: [{ expr: requests('destination', '', 'destination_service'), legend: '{{destination_service}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Failures by cause',
          description:
            'Requests that failed, by the flags of Envoy’s access log: UO circuit breaker, UH no healthy endpoint, UF connection failed, UT timeout, NR no route.',
          unit: 'reqps',
          queries: [
            {
              expr: requests('source', 'response_code=~"5..|0"', 'response_flags, destination_service'),
              legend: '{{response_flags}} {{destination_service}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Plaintext',
          description: 'Requests that reached a server without mutual TLS.',
          unit: 'reqps',
          queries: [
            { expr: requests('destination', 'connection_security_policy!="mutual_tls"', 'destination_workload'), legend: '{{destination_workload}}' },
          ],
        },
      ],
    },
    {
      title: 'TCP',
      panels: [
        {
          kind: 'timeseries',
          title: 'Bytes sent',
          description: 'By service; counted when a connection ends.',
          unit: 'Bps',
          width: 12,
          queries: [{ expr: streamBytes('sent', 'source', '', 'destination_service'), legend: '{{destination_service}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Connections opened',
          description: 'By service.',
          unit: 'short',
          width: 12,
          queries: [{ expr: connections('opened', 'source', '', 'destination_service'), legend: '{{destination_service}}' }],
        },
      ],
    },
  ],
};
