/** EnvoyFilter. https://istio.io/latest/docs/reference/config/networking/envoy-filter/ */
import type { EnvoyFilter, EnvoyFilterSpec } from '../api/extensions.js';
import { compileEnvoyFilter } from '../translate/patch/compile.js';
import { each, Findings } from './findings.js';
import { validateWorkloadSelector } from './selector.js';
import { syntax } from './values.js';

type ConfigPatch = NonNullable<EnvoyFilterSpec['configPatches']>[number];
type Match = NonNullable<ConfigPatch['match']>;

const HCM = 'envoy.filters.network.http_connection_manager';
const OBJECTS = ['listener', 'routeConfiguration', 'cluster'] as const;
const OBJECT_OF: Readonly<Record<string, (typeof OBJECTS)[number]>> = {
  LISTENER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};
const OLD_HTTP =
  'buffer cors csrf ext_authz fault grpc_http1_bridge grpc_json_transcoder grpc_web gzip health_check ip_tagging lua router squash'.split(' ');
const OLD_NETWORK = 'client_ssl_auth http_connection_manager mongo_proxy ratelimit redis_proxy tcp_proxy'.split(' ');
/** Names of filters before Envoy 1.14 → names since. */
const RENAMED = new Map([
  ...OLD_HTTP.map((name) => [`envoy.${name}`, `envoy.filters.http.${name}`] as const),
  ...OLD_NETWORK.map((name) => [`envoy.${name}`, `envoy.filters.network.${name}`] as const),
  ['envoy.http_dynamo_filter', 'envoy.filters.http.dynamo'],
  ['envoy.rate_limit', 'envoy.filters.http.ratelimit'],
]);

export function validateEnvoyFilter(row: EnvoyFilter, findings: Findings): void {
  findings.warn("depends on details of Envoy's configuration that may change with any version; prefer other APIs");
  validateWorkloadSelector(row.spec.workloadSelector, findings.at('workloadSelector'));
  each(row.spec.configPatches, findings.at('configPatches'), validatePatch);
  if (!findings.failed) validateValues(row, findings);
}

/** What is no Envoy configuration refuses the row. Fields that nobody knows may be a newer Envoy's: they are left out. */
function validateValues(row: EnvoyFilter, findings: Findings): void {
  for (const { code, message, path = [] } of compileEnvoyFilter(row).problems) {
    const at = new Findings(findings.resource, path, findings.problems);
    if (code === 'bad-value') at.error(message);
    else at.warn(code === 'unknown-field' ? message : `${message}; the patch is left out`);
  }
}

function validatePatch(config: ConfigPatch, findings: Findings): void {
  const { applyTo = 'INVALID', match, patch } = config;
  const context = (match as { context?: string } | undefined)?.context;
  if (context === 'WAYPOINT') return;
  if (applyTo === 'INVALID') return findings.at('applyTo').error('must be set');
  if (patch === undefined) return findings.at('patch').error('must be set');
  const operation = patch.operation ?? 'INVALID';
  if (operation === 'INVALID') return findings.at('patch', 'operation').error('must be set');
  if (operation !== 'REMOVE' && patch.value === undefined) return findings.at('patch', 'value').error(`must be set for operation ${operation}`);
  const version = match?.proxy?.proxyVersion ?? '';
  const problem = version.length > 1024 ? undefined : syntax(version);
  if (version.length > 1024) findings.at('match', 'proxy', 'proxyVersion').warn('has more than 1024 characters; it is ignored');
  if (problem !== undefined) return findings.at('match', 'proxy', 'proxyVersion').error(problem);
  validateObject(applyTo, match, findings.at('match'));
  if (operation !== 'REMOVE' && applyTo.endsWith('_FILTER'))
    warnUntyped(patch.value as Record<string, unknown> | undefined, findings.at('patch', 'value'));
}

/** The match must be of the kind of object that the patch is for. */
function validateObject(applyTo: string, match: Match | undefined, findings: Findings): void {
  const wanted = OBJECT_OF[applyTo];
  const given = OBJECTS.find((object) => match?.[object] !== undefined);
  if (wanted === undefined || given === undefined) return;
  if (given !== wanted) return findings.at(given).error(`must be ${wanted} for applyTo ${applyTo}`);
  const filter = match!.listener?.filterChain?.filter;
  if (wanted !== 'listener' || filter === undefined) return;
  const at = findings.at('listener', 'filterChain', 'filter');
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN') at.warn(`has no effect for applyTo ${applyTo}`);
  const name = filter.name ?? '';
  if (name === '') return at.at('name').error('must be set');
  const inner = filter.subFilter;
  if (inner !== undefined) {
    if (applyTo !== 'HTTP_FILTER') return at.at('subFilter').error('is only possible for applyTo HTTP_FILTER');
    if (name !== HCM && name !== 'envoy.http_connection_manager') return at.at('name').error(`must be ${HCM} beside subFilter`);
    if ((inner.name ?? '') === '') return at.at('subFilter', 'name').error('must be set');
  }
  warnRenamed(name, at.at('name'));
  warnRenamed(inner?.name ?? '', at.at('subFilter', 'name'));
}

function warnRenamed(name: string, findings: Findings): void {
  const now = RENAMED.get(name);
  if (now !== undefined) findings.warn(`'${name}' is an old name; use '${now}'`);
}

/** Envoy no longer finds a filter by its name alone. */
function warnUntyped(value: Record<string, unknown> | undefined, findings: Findings): void {
  const names = ['typed_config', 'typedConfig', 'config_discovery', 'configDiscovery'];
  if (value?.['name'] !== undefined && names.every((name) => value[name] === undefined)) findings.warn('has no typed_config');
}
