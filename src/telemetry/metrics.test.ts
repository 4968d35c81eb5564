/** Istiod's names with their labels: what dashboards and alerts written for it ask for. */
import { expect, test } from '@jest/globals';
import { Metrics } from './metrics.js';
import { NOTHING_SCRAPED } from './testing/nothing-scraped.js';

const ISTIOD: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'MT-001': {
    pilot_xds: ['version'],
    pilot_xds_pushes: ['type'],
    pilot_xds_push_time: ['type'],
    pilot_proxy_convergence_time: [],
    pilot_proxy_queue_time: [],
    pilot_debounce_time: [],
    pilot_pushcontext_init_seconds: [],
    pilot_push_triggers: ['type'],
    pilot_xds_config_size_bytes: ['type'],
    pilot_xds_send_time: [],
    pilot_xds_write_timeout: [],
    pilot_xds_recv_max: [],
  },
  'MT-002': {
    pilot_total_xds_rejects: ['type'],
    pilot_xds_cds_reject: ['node', 'err'],
    pilot_xds_eds_reject: ['node', 'err'],
    pilot_xds_lds_reject: ['node', 'err'],
    pilot_xds_rds_reject: ['node', 'err'],
    pilot_xds_expired_nonce: ['type'],
    pilot_total_xds_internal_errors: [],
  },
  'MT-003': {
    pilot_services: [],
    pilot_virt_services: [],
    pilot_k8s_cfg_events: ['type', 'event'],
    pilot_k8s_reg_events: ['type', 'event'],
    pilot_inbound_updates: ['type'],
    pilot_total_rejected_configs: ['type'],
  },
  'MT-004': {
    endpoint_no_pod: [],
    pilot_no_ip: [],
    pilot_endpoint_not_ready: [],
    pilot_eds_no_instances: [],
    pilot_conflict_inbound_listener: [],
    pilot_conflict_outbound_listener_tcp_over_current_tcp: [],
    pilot_duplicate_envoy_clusters: [],
    pilot_dns_cluster_without_endpoints: [],
    pilot_vservice_dup_domain: [],
    pilot_destrule_subsets: [],
    pilot_k8s_endpoints_pending_pod: [],
  },
  'MT-005': {
    citadel_server_csr_count: [],
    citadel_server_success_cert_issuance_count: [],
    citadel_server_authentication_failure_count: [],
    citadel_server_csr_parsing_err_count: [],
    citadel_server_csr_sign_err_count: ['error'],
    citadel_server_id_extraction_err_count: [],
    citadel_server_root_cert_expiry_timestamp: [],
    citadel_server_root_cert_expiry_seconds: [],
    citadel_server_cert_chain_expiry_timestamp: [],
    citadel_server_cert_chain_expiry_seconds: [],
  },
  'MT-007': { istiod_managed_clusters: ['cluster_type'], istiod_remote_cluster_sync_status: ['cluster', 'status'] },
  'MT-008': {
    istiod_uptime_seconds: [],
    pilot_info: ['version'],
    istio_build: ['component', 'tag'],
    auto_registration_success_total: [],
    auto_registration_updates_total: [],
    auto_registration_unregister_total: [],
    auto_registration_deletes_total: [],
    auto_registration_errors_total: [],
    pilot_jwks_resolver_network_fetch_success_total: [],
    pilot_jwks_resolver_network_fetch_fail_total: [],
    pilot_sds_certificate_errors_total: [],
  },
};

test.each(Object.entries(ISTIOD))('%s: the metrics are there with their labels', (_, wanted) => {
  const metrics = new Metrics('1.2.3');
  metrics.scrape(() => NOTHING_SCRAPED);
  for (const type of ['cds', 'eds', 'lds', 'rds']) metrics.xds.type(type, type);
  const there = Object.keys(wanted).map((name) => {
    const metric = metrics.registry.getSingleMetric(name) as unknown as { labelNames?: string[] } | undefined;
    return [name, metric === undefined ? 'missing' : (metric.labelNames ?? []).filter((label) => label !== 'le')];
  });
  expect(Object.fromEntries(there)).toEqual(wanted);
});

test('MT-007 MT-005: what a scrape finds is shown as it is now', async () => {
  const metrics = new Metrics('1.2.3');
  let state = {
    ...NOTHING_SCRAPED,
    clusters: { local: 1, remote: ['east', 'west'] },
    workloadExpiry: (Date.now() / 1000 + 100) as number | undefined,
  };
  metrics.scrape(() => state);
  const lines = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => /^(istiod_|mizzen_workload)/.test(line) && !/uptime/.test(line));
  const before = await lines();
  expect(before.slice(1)).toEqual([
    'istiod_managed_clusters{cluster_type="local"} 1',
    'istiod_managed_clusters{cluster_type="remote"} 2',
    'istiod_remote_cluster_sync_status{cluster="east",status="synced"} 1',
    'istiod_remote_cluster_sync_status{cluster="west",status="synced"} 1',
  ]);
  expect(Number(before[0]?.split(' ')[1])).toBeCloseTo(100, -1);
  await new Promise(setImmediate);
  state = { ...state, clusters: { local: 1, remote: [] }, workloadExpiry: undefined };
  expect(await lines()).toEqual(['istiod_managed_clusters{cluster_type="local"} 1', 'istiod_managed_clusters{cluster_type="remote"} 0']);
});

test('MT-002: refusals of a type are counted from 0 on, so that Prometheus sees the first as growth', async () => {
  const metrics = new Metrics('test');
  const cds = metrics.xds.type('cds', 'cds');
  expect(await metrics.registry.metrics()).toContain('pilot_total_xds_rejects{type="cds"} 0');
  cds.rejected('web.shop', 'Internal');
  const text = await metrics.registry.metrics();
  expect(text).toContain('pilot_total_xds_rejects{type="cds"} 1');
  expect(text).toContain('pilot_xds_cds_reject{node="web.shop",err="Internal"} 1');
});
