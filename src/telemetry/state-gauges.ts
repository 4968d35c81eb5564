/** Gauges that are read from the server's state at each scrape (MT-003, MT-004, MT-005, MT-007). */
import type { Instruments } from './instruments.js';
import type { ScrapedState } from './scraped-state.js';

type Line = readonly [name: string, help: string, read: (state: ScrapedState) => number];

const now = (): number => Date.now() / 1000;

const GAUGES: readonly Line[] = [
  ['pilot_services', 'Services known.', (s) => s.services],
  ['pilot_virt_services', 'VirtualServices known.', (s) => s.virtualServices],
  ['mizzen_config_errors', 'Errors in the configuration at present; the resources named keep their last good state.', (s) => s.configErrors],
  ['mizzen_refused_host_claims', 'Claims of hosts that their namespace does not own, refused at present.', (s) => s.refusedHosts],
  ['citadel_server_root_cert_expiry_timestamp', 'When the root certificate ends, in seconds since the epoch.', (s) => s.rootExpiry],
  ['citadel_server_root_cert_expiry_seconds', 'Seconds until the root certificate ends.', (s) => s.rootExpiry - now()],
  ['citadel_server_cert_chain_expiry_timestamp', 'When the signing certificate ends, in seconds since the epoch.', (s) => s.chainExpiry],
  ['citadel_server_cert_chain_expiry_seconds', 'Seconds until the signing certificate ends.', (s) => s.chainExpiry - now()],
  ['mizzen_xds_queue_length', 'Proxies that wait in the push queue.', (s) => s.xds.queued],
  ['mizzen_xds_buffered_bytes', 'Bytes of responses that wait in the transport.', (s) => s.xds.bufferedBytes],
  ['mizzen_changes_open', 'Changes that some proxy has yet to answer.', (s) => s.xds.openChanges],
  ['mizzen_graph_revision', 'Transactions that changed something.', (s) => s.graph.revision],
  ['mizzen_graph_runs', 'Computations since start.', (s) => s.graph.runs],
  ['mizzen_graph_memos', 'Query values in memory.', (s) => s.graph.memos],
  ['mizzen_graph_edges', 'Recorded reads in memory.', (s) => s.graph.edges],
  ['mizzen_graph_cells', 'Read records of rows and indexes in memory.', (s) => s.graph.cells],
  ['mizzen_graph_idle', 'Values that nobody uses at present.', (s) => s.graph.idle],
  ['mizzen_graph_watches', 'Watched values.', (s) => s.graph.watches],
  ['endpoint_no_pod', 'Endpoints without an associated pod.', (s) => s.conflicts.endpointsWithoutPod],
  ['pilot_k8s_endpoints_pending_pod', 'Endpoints that do not have a pod at present.', (s) => s.conflicts.endpointsWithoutPod],
  ['pilot_no_ip', 'Connected sidecars that no service selects.', (s) => s.conflicts.proxiesWithoutService],
  ['pilot_endpoint_not_ready', 'Connected sidecars that are an endpoint which is not ready.', (s) => s.conflicts.proxiesNotReady],
  ['pilot_eds_no_instances', 'Service ports without endpoints.', (s) => s.conflicts.emptyClusters],
  ['pilot_dns_cluster_without_endpoints', 'Ports of services resolved by DNS without endpoints.', (s) => s.conflicts.emptyDnsClusters],
  ['pilot_conflict_inbound_listener', 'Ports of connected sidecars that services call by different protocols.', (s) => s.conflicts.inboundPorts],
  [
    'pilot_conflict_outbound_listener_tcp_over_current_tcp',
    'TCP services without an address of their own whose port an older one has.',
    (s) => s.conflicts.outboundTcpPorts,
  ],
  [
    'pilot_duplicate_envoy_clusters',
    'Clusters that there are twice: services of several namespaces have the host and port, or an EnvoyFilter adds it again.',
    (s) => s.conflicts.clusterNames,
  ],
  ['pilot_vservice_dup_domain', 'Hosts that several VirtualServices route for sidecars.', (s) => s.conflicts.virtualServiceHosts],
  ['pilot_destrule_subsets', 'Subsets that an older DestinationRule for the same host has.', (s) => s.conflicts.subsets],
];

export function declareStateGauges(make: Instruments, state: () => ScrapedState): void {
  let seen: ScrapedState | undefined;
  // The gauges of one scrape share one look at the state; it walks the graph.
  const current = (): ScrapedState => {
    if (seen === undefined) setImmediate(() => (seen = undefined));
    return (seen ??= state());
  };
  for (const [name, help, read] of GAUGES) make.collected(name, help, [], (gauge) => gauge.set(read(current())));
  make.collected('mizzen_workload_cert_expiry_seconds', 'Seconds until the first of the workload certificates held here ends.', [], (gauge) => {
    const { workloadExpiry } = current();
    if (workloadExpiry === undefined) gauge.remove();
    else gauge.set(workloadExpiry - now());
  });
  make.collected('istiod_managed_clusters', 'Clusters whose resources are read.', ['cluster_type'], (gauge) => {
    gauge.set({ cluster_type: 'local' }, current().clusters.local);
    gauge.set({ cluster_type: 'remote' }, current().clusters.remote.length);
  });
  make.collected('istiod_remote_cluster_sync_status', 'Remote clusters whose resources were read.', ['cluster', 'status'], (gauge) => {
    gauge.reset();
    for (const cluster of current().clusters.remote) gauge.set({ cluster, status: 'synced' }, 1);
  });
  make.collected('mizzen_graph_rows', 'Rows, by collection.', ['collection'], (gauge) => {
    for (const [collection, count] of Object.entries(current().graph.rows)) gauge.set({ collection }, count);
  });
}
