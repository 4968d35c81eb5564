import { toJson } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import type { EnvoyFilter } from '../../api/extensions.js';
import { compileEnvoyFilter } from './compile.js';
import { envoyTypes } from './envoy-types.js';

const row = (...configPatches: object[]): EnvoyFilter =>
  ({
    kind: 'EnvoyFilter',
    apiVersion: 'networking.istio.io/v1alpha3',
    metadata: { namespace: 'ns', name: 'ef', labels: {}, annotations: {} },
    spec: { configPatches },
    createdAt: 0,
  }) as EnvoyFilter;
const compile = (applyTo: string, operation: string, value?: unknown, match?: object) =>
  compileEnvoyFilter(row({ applyTo, match, patch: { operation, value } }));
const problem = (applyTo: string, operation: string, value?: unknown, match?: object) => {
  const { patches, problems } = compile(applyTo, operation, value, match);
  expect(patches).toEqual([undefined]);
  expect(problems).toHaveLength(1);
  return `${problems[0]?.field}: ${problems[0]?.message}`;
};
const typed = (type: string, rest: object) => ({ name: 'f', typed_config: { '@type': `type.googleapis.com/${type}`, ...rest } });
const sub = { listener: { filterChain: { filter: { name: 'hcm', subFilter: { name: 'x' } } } } };

describe('values', () => {
  test('names of fields in either case', () => {
    const { patches } = compile('CLUSTER', 'MERGE', { connect_timeout: '1s', lbPolicy: 'MAGLEV' });
    const patch = patches[0];
    expect(patch?.value && toJson(patch.type, patch.value)).toEqual({ connectTimeout: '1s', lbPolicy: 'MAGLEV' });
  });
  test('EF-021 types of extensions that no generated code knows, contrib too', () => {
    const value = typed('envoy.extensions.filters.network.postgres_proxy.v3alpha.PostgresProxy', { stat_prefix: 'pg', terminate_ssl: true });
    const patch = compile('NETWORK_FILTER', 'ADD', value).patches[0];
    expect(patch?.value && toJson(patch.type, patch.value, { registry: envoyTypes() })).toMatchObject({
      typedConfig: { statPrefix: 'pg', terminateSsl: true },
    });
  });
  test("EF-021 durations in Go's notation, wherever they stand", () => {
    const json = (value: object): unknown => {
      const patch = compile('CLUSTER', 'MERGE', value).patches[0];
      return patch?.value && toJson(patch.type, patch.value, { registry: envoyTypes() });
    };
    const texts = ['5m', '1h30m', '100ms', '0', '-1.5s', '1us', '7s'];
    const seconds = ['300s', '5400s', '0.100s', '0s', '-1.500s', '0.000001s', '7s'];
    expect(texts.map((text) => json({ connect_timeout: text }))).toEqual(seconds.map((connectTimeout) => ({ connectTimeout })));
    const options = { '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions', explicit_http_config: {} };
    const nested = { typed_extension_protocol_options: { http: { ...options, common_http_protocol_options: { idle_timeout: '2m' } } } };
    expect(json(nested)).toMatchObject({ typedExtensionProtocolOptions: { http: { commonHttpProtocolOptions: { idleTimeout: '120s' } } } });
    expect(json({ health_checks: [{ timeout: '3m', interval: '1m' }] })).toEqual({ healthChecks: [{ timeout: '180s', interval: '60s' }] });
  });
  test('EF-020 a field that the message does not have is left out and told, with its path', () => {
    const leftOut = (applyTo: string, operation: string, value: object): string[] => {
      const { patches, problems } = compile(applyTo, operation, value);
      expect(patches[0]?.value).toBeDefined();
      return problems.map(({ severity, field, message }) => `${severity} ${field?.slice('spec.configPatches[0].patch.value.'.length)}: ${message}`);
    };
    const value = { lb_policy: 'MAGLEV', load_assignment: { endpoints: [{}, { lb_endpoints: [{ endpoint: { addres: {} } }] }] } };
    expect(leftOut('CLUSTER', 'MERGE', value)).toEqual([
      'warning load_assignment.endpoints[1].lb_endpoints[0].endpoint.addres: envoy.config.endpoint.v3.Endpoint has no such field; it is left out',
    ]);
    const code = typed('envoy.extensions.filters.http.lua.v3.Lua', { default_source_code: { inline_strin: 'x' } });
    expect(leftOut('HTTP_FILTER', 'ADD', code)).toEqual([
      'warning typed_config.default_source_code.inline_strin: envoy.config.core.v3.DataSource has no such field; it is left out',
    ]);
  });
  test('types inside maps', () => {
    expect(problem('VIRTUAL_HOST', 'MERGE', { typed_per_filter_config: { lua: typed('envoy.Nope', {}).typed_config } })).toBe(
      'spec.configPatches[0].patch.value.typed_per_filter_config.lua["@type"]: type.googleapis.com/envoy.Nope is not a type of the Envoy API known here',
    );
  });
  test('bad values', () => {
    expect(problem('CLUSTER', 'MERGE', { lb_policy: 'BEST' })).toMatch(/value\.lb_policy: must be one of ROUND_ROBIN, LEAST_REQUEST/);
    expect(problem('CLUSTER', 'MERGE', { connect_timeout: '1x' })).toMatch(/value\.connect_timeout: '1x' is no duration/);
    expect(problem('CLUSTER', 'MERGE', { connect_timeout: '3sx' })).toMatch(/value\.connect_timeout: '3sx' is no duration/);
    expect(problem('HTTP_FILTER', 'ADD', { name: 'f', typed_config: {} })).toMatch(/typed_config\["@type"\]: must be set/);
    expect(problem('CLUSTER', 'MERGE', { name: 7 })).toMatch(/value\.name: /);
    expect(problem('CLUSTER', 'MERGE', { typed_dns_resolver_config: { name: 3 } })).toMatch(/typed_dns_resolver_config\.name/);
    expect(problem('HTTP_FILTER', 'ADD', { name: 'f', typed_config: { max_request_bytes: 1 } })).toMatch(/typed_config\["@type"\]: must be set/);
    expect(problem('CLUSTER', 'MERGE', 'text')).toMatch(/patch\.value: /);
    expect(problem('CLUSTER', 'MERGE')).toMatch(/patch\.value: must be set/);
  });
  test('EF-020 one bad patch leaves the others', () => {
    const good = { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { lb_policy: 'MAGLEV' } } };
    const { patches } = compileEnvoyFilter(row({ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { name: 1 } } }, good));
    expect(patches.map((patch) => patch?.id)).toEqual([undefined, 'ns/ef#1']);
  });
});

describe('operations', () => {
  test('EF-017 INSERT_* where nothing is ordered is ADD', () => {
    expect(compile('CLUSTER', 'INSERT_BEFORE', { name: 'c' }).patches[0]?.operation).toBe('ADD');
    expect(compile('HTTP_ROUTE', 'INSERT_BEFORE', { name: 'r' }).patches[0]?.operation).toBe('INSERT_BEFORE');
  });
  test('what cannot be done is refused', () => {
    expect(problem('ROUTE_CONFIGURATION', 'ADD', {})).toMatch(/operation: ADD is not possible for applyTo ROUTE_CONFIGURATION/);
    expect(problem('HTTP_FILTER', 'MERGE_AND_REPLACE_LIST', {}, sub)).toMatch(/MERGE_AND_REPLACE_LIST is not possible/);
    expect(problem('HTTP_FILTER', 'REMOVE')).toMatch(/match: has no effect: REMOVE for applyTo HTTP_FILTER needs the name of a filter/);
    expect(problem('LISTENER', 'ADD', { address: {} })).toMatch(/value\.name: must be set/);
  });
  test('REMOVE needs no value and does not look at one', () => {
    expect(compile('HTTP_FILTER', 'REMOVE', { nonsense: 1 }, sub).patches[0]?.value).toBeUndefined();
  });
  test('EF-015 bootstraps can be merged into, and nothing else', () => {
    expect(compile('BOOTSTRAP', 'MERGE', { flags_path: '/f' }).problems).toEqual([]);
    expect(problem('BOOTSTRAP', 'ADD', {})).toMatch(/ADD is not possible for applyTo BOOTSTRAP/);
  });
  test('EF-003 waypoints are told and left', () => {
    expect(problem('CLUSTER', 'MERGE', {}, { context: 'WAYPOINT' })).toMatch(/context: has no effect/);
  });
});
