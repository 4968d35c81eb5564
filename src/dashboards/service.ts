/** One service: what its clients see, by client and by the version that answered. */
import type { Dashboard } from './grafana.js';
import { bodyBytes, connections, duration, requests, streamBytes, success } from './istio-queries.js';

const SERVICE = 'destination_service=~"$service"';
const CLIENT = 'source_workload, source_workload_namespace';
const VERSION = 'destination_workload, destination_version';
const client = '{{source_workload}}.{{source_workload_namespace}}';
const version = '{{destination_workload}} {{destination_version}}';

export const service: Dashboard = {
  uid: 'mizzen-service',
  title: 'Service',
  description: 'What the clients of a service experience, and which of its versions answers.',
  variables: [{ name: 'service', label: 'Service', values: { series: 'istio_requests_total', label: 'destination_service' } }],
  rows: [
    {
      title: 'As its clients see it',
      panels: [
        {
          kind: 'timeseries',
          title: 'Requests',
          description: 'Per second, by client.',
          unit: 'reqps',
          queries: [{ expr: requests('source', SERVICE, CLIENT), legend: client }],
        },
        {
          kind: 'timeseries',
          title: 'Success',
          description: 'Share without a 5xx, by client.',
          unit: 'percentunit',
          queries: [{ expr: success('source', SERVICE, CLIENT), legend: client }],
        },
        {
          kind: 'timeseries',
          title: 'Duration',
          description: 'Half, 95 and 99 of a hundred requests are faster.',
          unit: 'ms',
          queries: [0.5, 0.95, 0.99].map((share) => ({
            expr: duration(share, 'source', SERVICE, 'destination_service'),
            legend: `p${share * 100} {{destination_service}}`,
          })),
        },
        {
          kind: 'timeseries',
          title: 'Answers',
          description: 'By status and the flags of Envoy’s access log.',
          unit: 'reqps',
          width: 12,
          queries: [{ expr: requests('source', SERVICE, 'response_code, response_flags'), legend: '{{response_code}} {{response_flags}}' }],
        },
        {
          kind: 'timeseries',
          title: 'gRPC statuses',
          description: 'Calls of gRPC by the number of their status; 0 is OK.',
          unit: 'reqps',
          width: 12,
          queries: [
            { expr: requests('source', `${SERVICE},request_protocol="grpc"`, 'grpc_response_status'), legend: 'status {{grpc_response_status}}' },
          ],
        },
      ],
    },
    {
      title: 'Versions',
      panels: [
        {
          kind: 'timeseries',
          title: 'Requests',
          description: 'Per second, by workload and version: the weights of a canary as they came true.',
          unit: 'reqps',
          queries: [{ expr: requests('destination', SERVICE, VERSION), legend: version }],
        },
        {
          kind: 'timeseries',
          title: 'Success',
          description: 'Share without a 5xx, by workload and version.',
          unit: 'percentunit',
          queries: [{ expr: success('destination', SERVICE, VERSION), legend: version }],
        },
        {
          kind: 'timeseries',
          title: '95th percentile',
          description: 'By workload and version.',
          unit: 'ms',
          queries: [{ expr: duration(0.95, 'destination', SERVICE, VERSION), legend: version }],
        },
      ],
    },
    {
      title: 'Bytes',
      panels: [
        {
          kind: 'timeseries',
          title: 'Request bodies',
          description: 'Bytes per second.',
          unit: 'Bps',
          queries: [{ expr: bodyBytes('request', 'destination', SERVICE, VERSION), legend: version }],
        },
        {
          kind: 'timeseries',
          title: 'Response bodies',
          description: 'Bytes per second.',
          unit: 'Bps',
          queries: [{ expr: bodyBytes('response', 'destination', SERVICE, VERSION), legend: version }],
        },
        {
          kind: 'timeseries',
          title: 'Byte streams',
          description: 'Sent and received on TCP, counted when a connection ends, and connections.',
          unit: 'Bps',
          queries: [
            { expr: streamBytes('sent', 'destination', SERVICE, VERSION), legend: `sent ${version}` },
            { expr: streamBytes('received', 'destination', SERVICE, VERSION), legend: `received ${version}` },
            { expr: connections('opened', 'destination', SERVICE, VERSION), legend: `opened ${version}` },
          ],
        },
      ],
    },
  ],
};
