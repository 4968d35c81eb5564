import { Config } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/stats/v3/stats.js';
import { expect, test } from '@jest/globals';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { StatsLogger } from '../../model/proxy.js';
import { httpStatsLogs, statsLog, tcpStatsLogs } from './stats-log.js';
import { proxyFacts } from './workload-facts.js';

const config = (metrics: string[]) =>
  ({
    defaultProviders: { metrics },
    extensionProviders: [
      { name: 'prometheus', prometheus: {} },
      { name: 'zip', zipkin: {} },
    ],
  }) as unknown as EffectiveMeshConfig;
const self = proxyFacts('web', { namespace: 'shop', clusterId: '', labels: { app: 'we%b' } });
const logOf = (statsLogger: StatsLogger, mode: 'CLIENT' | 'SERVER' = 'SERVER', isGateway = false) =>
  statsLog(config(['prometheus']), { statsLogger, isGateway, self }, { specs: [], mode });
const configsOf = (logs: ReturnType<typeof httpStatsLogs>) =>
  logs.map(({ configType }) => Config.decode((configType as { value: { value: Uint8Array } }).value.value));
const tagsOf = (logs: ReturnType<typeof httpStatsLogs>) => new Map(configsOf(logs)[0]?.counters[0]?.stat?.tags.map((tag) => [tag.name, tag]));

test('TE-002: nothing without a logger, or without a provider of Prometheus’ kind', () => {
  expect(statsLog(config(['prometheus']), { isGateway: false, self }, { specs: [], mode: 'CLIENT' })).toBeUndefined();
  expect(statsLog(config(['zip']), { statsLogger: 'scope', isGateway: false, self }, { specs: [], mode: 'CLIENT' })).toBeUndefined();
  expect(statsLog(config([]), { statsLogger: 'scope', isGateway: false, self }, { specs: [], mode: 'CLIENT' })).toBeUndefined();
  expect(httpStatsLogs(undefined, false)).toEqual([]);
});
test('TE-006: the metrics, by the moment at which they are counted', () => {
  const names = (logs: ReturnType<typeof httpStatsLogs>) =>
    configsOf(logs).map(({ counters, histograms }) => [...counters, ...histograms].map(({ stat }) => stat?.name));
  expect(names(httpStatsLogs(logOf('scope'), true))).toEqual([
    ['istio_requests_total', 'istio_request_duration_milliseconds', 'istio_request_bytes', 'istio_response_bytes'],
  ]);
  expect(names(tcpStatsLogs(logOf('scope'), true))).toEqual([
    ['istio_tcp_connections_opened_total'],
    ['istio_tcp_connections_closed_total', 'istio_tcp_sent_bytes_total', 'istio_tcp_received_bytes_total'],
  ]);
});
test('TE-018: reporters are the source at clients and gateways, the destination at servers', () => {
  expect([logOf('scope', 'CLIENT'), logOf('scope', 'CLIENT', true), logOf('scope')].map((log) => log?.reporter)).toEqual([
    'source',
    'source',
    'destination',
  ]);
});
test('TE-018: in plaintext nothing is believed', () => {
  const tags = tagsOf(httpStatsLogs(logOf('scope'), false));
  for (const [name, tag] of tags) if (name.startsWith('source_')) expect([name, tag.valueFormat]).toEqual([name, 'unknown']);
  expect(tags.get('connection_security_policy')?.valueFormat).toBe('none');
});
test('TE-018: a label’s text is never a format, and what is not known says so', () => {
  const tags = tagsOf(httpStatsLogs(logOf('scope'), true));
  expect(tags.get('destination_app')?.valueFormat).toBe('we%%b');
  expect(tags.get('destination_cluster')?.valueFormat).toBe('unknown');
});
test('TE-002: scopes and rules only for Envoys that have them', () => {
  const [tags, rules, scope] = (['tags', 'rules', 'scope'] as const).map((version) => configsOf(httpStatsLogs(logOf(version, 'CLIENT'), false))[0]);
  const hasRules = (made?: Config) => made?.counters[0]?.stat?.tags.some((tag) => tag.rules !== undefined);
  expect([hasRules(tags), hasRules(rules), hasRules(scope)]).toEqual([false, true, true]);
  expect([tags?.statPrefix, rules?.statPrefix, scope?.statPrefix]).toEqual(['wasmcustom', 'wasmcustom', '']);
  expect(scope?.statsScope).toMatchObject({ prefix: 'wasmcustom', sharingName: 'istio', enableEviction: true });
});
