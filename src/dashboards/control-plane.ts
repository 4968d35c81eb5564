/** Mizzen itself: does configuration arrive, is it accepted, what does it cost, when do certificates end. */
import type { Dashboard } from './grafana.js';

const rate = (metric: string): string => `rate(${metric}[$__rate_interval])`;
const quantile = (share: number, metric: string, by = ''): string =>
  `histogram_quantile(${share}, sum by (le${by && `, ${by}`}) (${rate(`${metric}_bucket`)}))`;

const DOUBTFUL = [
  ['pilot_eds_no_instances', 'ports without endpoints'],
  ['pilot_no_ip', 'sidecars of no service'],
  ['pilot_endpoint_not_ready', 'sidecars not ready'],
  ['endpoint_no_pod', 'endpoints without a pod'],
  ['pilot_vservice_dup_domain', 'hosts routed twice'],
  ['pilot_destrule_subsets', 'subsets defined twice'],
  ['pilot_duplicate_envoy_clusters', 'hosts of several namespaces'],
  ['pilot_conflict_inbound_listener', 'ports of two protocols'],
  ['pilot_conflict_outbound_listener_tcp_over_current_tcp', 'TCP ports taken twice'],
] as const;

export const controlPlane: Dashboard = {
  uid: 'mizzen-control-plane',
  title: 'Control plane',
  description: 'Pushes, refusals, resources and certificates of Mizzen.',
  variables: [],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          kind: 'stat',
          title: 'Proxies',
          description: 'Connected over xDS.',
          unit: 'short',
          width: 6,
          queries: [{ expr: 'sum(pilot_xds)', legend: 'proxies' }],
        },
        {
          kind: 'stat',
          title: 'Refused by Envoy',
          description: 'Responses that proxies refused in the last hour: /debug/syncz has Envoy’s words.',
          unit: 'short',
          width: 6,
          queries: [{ expr: 'sum(increase(pilot_total_xds_rejects[1h]))', legend: 'NACKs' }],
        },
        {
          kind: 'stat',
          title: 'Configuration errors',
          description: 'Resources that keep their last good state: /debug/problems has file and line.',
          unit: 'short',
          width: 6,
          queries: [{ expr: 'sum(mizzen_config_errors)', legend: 'errors' }],
        },
        {
          kind: 'stat',
          title: 'Root certificate ends in',
          description: 'Rotate it before (mizzen ca rotate).',
          unit: 's',
          width: 6,
          queries: [{ expr: 'min(citadel_server_root_cert_expiry_seconds)', legend: 'root' }],
        },
      ],
    },
    {
      title: 'Configuration',
      panels: [
        {
          kind: 'timeseries',
          title: 'Convergence',
          description: 'From a change until a proxy was sent it, and until the last proxy has accepted it: half, and 99 of a hundred.',
          unit: 's',
          queries: [0.5, 0.99].flatMap((share) => [
            { expr: quantile(share, 'pilot_proxy_convergence_time'), legend: `p${share * 100} sent` },
            { expr: quantile(share, 'mizzen_change_convergence_seconds'), legend: `p${share * 100} accepted by all` },
          ]),
        },
        {
          kind: 'timeseries',
          title: 'Changes',
          description: 'Per second, by what became of them. Lost: a proxy never answered.',
          unit: 'short',
          queries: [
            { expr: `sum by (outcome) (${rate('mizzen_changes_total')})`, legend: '{{outcome}}' },
            { expr: 'sum(mizzen_changes_open)', legend: 'open now' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'On the way to a proxy',
          description: '99 of a hundred are faster: the quiet time and transaction of a change, the push queue, the wire.',
          unit: 's',
          queries: [
            { expr: quantile(0.99, 'pilot_debounce_time'), legend: 'debounce' },
            { expr: quantile(0.99, 'pilot_proxy_queue_time'), legend: 'queue' },
            { expr: quantile(0.99, 'pilot_xds_send_time'), legend: 'wire' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Pushes',
          description: 'Responses per second, by type.',
          unit: 'short',
          queries: [{ expr: `sum by (type) (${rate('pilot_xds_pushes')})`, legend: '{{type}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Sizes',
          description: '99 of a hundred responses are smaller.',
          unit: 'bytes',
          queries: [{ expr: quantile(0.99, 'pilot_xds_config_size_bytes', 'type'), legend: '{{type}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Refusals',
          description: 'Responses that proxies refused, per second.',
          unit: 'short',
          queries: [{ expr: `sum by (type) (${rate('pilot_total_xds_rejects')})`, legend: '{{type}}' }],
        },
        {
          kind: 'timeseries',
          title: 'What triggers',
          description: 'Pushes by cause, and updates from sources.',
          unit: 'short',
          queries: [
            { expr: `sum by (type) (${rate('pilot_push_triggers')})`, legend: 'push {{type}}' },
            { expr: `sum by (type) (${rate('pilot_inbound_updates')})`, legend: 'update {{type}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Mesh',
          description: 'Services, VirtualServices and rows by kind.',
          unit: 'short',
          queries: [
            { expr: 'sum(pilot_services)', legend: 'services' },
            { expr: 'sum(pilot_virt_services)', legend: 'VirtualServices' },
            { expr: 'sum by (cluster_type) (istiod_managed_clusters)', legend: '{{cluster_type}} clusters' },
            { expr: 'sum by (collection) (mizzen_graph_rows)', legend: '{{collection}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Doubtful',
          description: 'What resources do to each other; mizzen analyze names them.',
          unit: 'short',
          queries: DOUBTFUL.map(([metric, legend]) => ({ expr: `sum(${metric})`, legend })),
        },
      ],
    },
    {
      title: 'Identities',
      panels: [
        {
          kind: 'timeseries',
          title: 'Certificates',
          description: 'Issued, per second.',
          unit: 'short',
          queries: [{ expr: `sum(${rate('citadel_server_success_cert_issuance_count')})`, legend: 'issued' }],
        },
        {
          kind: 'timeseries',
          title: 'Refused peers',
          description: 'Streams and requests with bad or missing credentials.',
          unit: 'short',
          queries: [
            { expr: `sum(${rate('citadel_server_authentication_failure_count')})`, legend: 'credentials' },
            { expr: `sum by (status) (${rate('mizzen_xds_refused_streams_total')})`, legend: 'status {{status}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Signing certificate ends in',
          description: 'With a plugged-in CA: replace it before.',
          unit: 's',
          queries: [{ expr: 'min(citadel_server_cert_chain_expiry_seconds)', legend: 'signer' }],
        },
        {
          kind: 'timeseries',
          title: 'First workload certificate ends in',
          description: 'Certificates are renewed before half of their life is over: falling further means that renewal fails.',
          unit: 's',
          queries: [
            { expr: 'min(mizzen_workload_cert_expiry_seconds)', legend: 'first to end' },
            { expr: `sum(${rate('pilot_sds_certificate_errors_total')})`, legend: 'failures per second' },
          ],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        {
          kind: 'timeseries',
          title: 'CPU',
          description: 'Cores in use.',
          unit: 'short',
          queries: [{ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Memory',
          description: 'Resident.',
          unit: 'bytes',
          queries: [{ expr: 'process_resident_memory_bytes', legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Event loop',
          description: '99 of a hundred turns wait less.',
          unit: 's',
          queries: [{ expr: 'nodejs_eventloop_lag_p99_seconds', legend: '{{instance}}' }],
        },
      ],
    },
  ],
};
