import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadMeshConfig } from './load.js';
import { MeshConfigFile } from './mesh-config-file.js';

describe('MeshConfigFile', () => {
  it('MC-001: reads a plain MeshConfig and the ConfigMap form', () => {
    expect(new MeshConfigFile('m').update('trustDomain: a.test\n').rows[0]).toMatchObject({ kind: 'MeshConfig', spec: { trustDomain: 'a.test' } });
    const map =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata:\n  mesh: |\n    enableTracing: false\n  meshNetworks: |\n    networks: {}\n';
    expect(new MeshConfigFile('m').update(map).rows.map((row) => [row.kind, row.spec])).toEqual([
      ['MeshConfig', { enableTracing: false }],
      ['MeshNetworks', { networks: {} }],
    ]);
  });

  it('XC-016: keeps the last good row and tells the place of the mistake', () => {
    const file = new MeshConfigFile('m.yaml');
    file.update('connectTimeout: 4s\n');
    const { rows, problems } = file.update('connectTimeout: 5s\naccessLogEncoding: XML\n');
    expect(rows[0]!.spec).toEqual({ connectTimeout: '4s' });
    expect(problems[0]).toMatchObject({ severity: 'error', field: 'accessLogEncoding', location: { file: 'm.yaml', line: 2 } });
    expect(file.update('connectTimeout: soon\n').problems[0]!.message).toMatch(/duration/);
    expect(file.update('outboundTrafikPolicy: {}\n').problems[0]).toMatchObject({ severity: 'warning', code: 'unknown-field' });
  });

  it('MC-001: what a provider holds has its form: Envoy would refuse every listener that reports to it', () => {
    const fields = (provider: string) =>
      new MeshConfigFile('m').update(`extensionProviders: [{name: a, ${provider}}]`).problems.map(({ severity, field }) => [severity, field]);
    const at = (path: string) => [['error', `extensionProviders[0].${path}`]];
    expect(fields("zipkin: {service: z, port: 9411, timeout: 1s, headers: [{name: x-a, value: '100%%'}]}")).toEqual([]);
    expect(fields('zipkin: {service: z, port: 9411, headers: none}')).toEqual(at('zipkin.headers'));
    expect(fields('zipkin: {service: z, port: 9411, headers: [{value: a}]}')).toEqual(at('zipkin.headers[0].name'));
    expect(fields("opentelemetry: {http: {headers: [{name: a, value: '%'}]}}")).toEqual(at('opentelemetry.http.headers[0].value'));
    expect(fields('opentelemetry: {http: {timeout: -1s}}')).toEqual(at('opentelemetry.http.timeout'));
    expect(fields('opentelemetry: {dynatraceSampler: {clusterId: 0.5}}')).toEqual(at('opentelemetry.dynatraceSampler.clusterId'));
    expect(fields("envoyFileAccessLog: {logFormat: {labels: {a: {b: '%'}}}}")).toEqual(at('envoyFileAccessLog.logFormat.labels.a.b'));
    expect(fields('envoyExtAuthzGrpc: {service: null, port: 9000}')).toEqual([]);
    expect(fields('envoyOtelAls: {logFormat: {text: null}}')).toEqual([]);
    expect(fields('envoyExtAuthzGrpc: {includeRequestBodyInCheck: {}}')).toEqual(at('envoyExtAuthzGrpc.includeRequestBodyInCheck'));
    const more = (headers: string) => fields(`envoyExtAuthzHttp: {includeAdditionalHeadersInCheck: ${headers}}`);
    expect(more("{x-a: '%'}")).toEqual(at('envoyExtAuthzHttp.includeAdditionalHeadersInCheck.x-a'));
    expect(more("{'a b': c}")).toEqual(at('envoyExtAuthzHttp.includeAdditionalHeadersInCheck["a b"]'));
    expect(fields('envoyExtAuthzGrpc: {service: 7}')).toEqual(at('envoyExtAuthzGrpc.service'));
    expect(new MeshConfigFile('m').update("accessLogFormat: 'at 50 %'").problems).toMatchObject([{ severity: 'error', field: 'accessLogFormat' }]);
  });

  it('SD-030: selectors of namespaces have their form', () => {
    const fields = (selectors: string) => new MeshConfigFile('m').update(`discoverySelectors: ${selectors}`).problems.map(({ field }) => field);
    expect(fields('[{matchLabels: {a: b}}, {matchExpressions: [{key: a, operator: In, values: [b]}]}]')).toEqual([]);
    expect(fields('[{matchExpressions: a}]')).toEqual(['discoverySelectors[0].matchExpressions']);
    expect(new MeshConfigFile('m').update('discoverySelectors:\naccessLogFile:').rows[0]).toMatchObject({ spec: {} });
  });

  it('DR-015: zoneAwareLbSetting has the form that a rule’s has', () => {
    const problems = (setting: string) => new MeshConfigFile('m').update(`zoneAwareLbSetting: ${setting}`).problems.map(({ field }) => field);
    expect(problems('{enabled: true, minClusterSize: 2, failoverPriority: [a, b]}')).toEqual([]);
    expect(problems('{failoverPriority: 5}')).toEqual(['zoneAwareLbSetting.failoverPriority']);
    expect(new MeshConfigFile('m').update('zoneAwareLbSetting:').rows[0]).toMatchObject({ spec: {} });
  });

  it('GW-036: a private key provider is one of two, with a delay of 1ms at least', () => {
    const problem = (provider: string) =>
      new MeshConfigFile('m').update(`defaultConfig: { privateKeyProvider: ${provider} }`).problems.map(({ field, message }) => [field, message]);
    const field = 'defaultConfig.privateKeyProvider';
    expect(problem('{ qat: { pollDelay: 2ms, fallback: true } }')).toEqual([]);
    expect(problem('{ qat: {} }')).toEqual([[field, 'needs pollDelay']]);
    for (const provider of ['{}', '{ qat: { pollDelay: 2ms }, cryptomb: { pollDelay: 2ms } }'])
      expect(problem(provider)).toEqual([[field, 'needs one of cryptomb and qat']]);
    expect(problem('{ cryptomb: { pollDelay: 1us } }')[0]?.[0]).toBe(`${field}.cryptomb.pollDelay`);
  });

  it('MC-018, MC-020: default policies are held to the rules of the kinds that have them', () => {
    const text = `defaultTrafficPolicy: { connectionPool: { http: { http2KeepAlive: { interval: 5s } } } }
defaultHttpRetryPolicy: { attempts: 2, perTryTimeout: soon }
`;
    expect(new MeshConfigFile('m').update(text).problems.map(({ field, message }) => [field, message])).toEqual([
      ['defaultHttpRetryPolicy.perTryTimeout', expect.stringContaining('duration')],
    ]);
    const [keepAlive] = new MeshConfigFile('m').update(text.split('\n')[0]!).problems;
    expect(keepAlive).toMatchObject({
      severity: 'error',
      field: 'defaultTrafficPolicy.connectionPool.http.http2KeepAlive.timeout',
      message: 'is required',
    });
  });

  it('SD-016: no negative time for protocol detection, no line ends in the name of the server', () => {
    const fields = (text: string) => new MeshConfigFile('m').update(text).problems.map(({ field }) => field);
    expect(fields('protocolDetectionTimeout: -1s')).toEqual(['protocolDetectionTimeout']);
    expect(fields('defaultConfig: { proxyHeaders: { server: { value: "a\\nb" } } }')).toEqual(['defaultConfig.proxyHeaders.server.value']);
  });

  it('PC-001, PC-015: addresses of the ProxyConfig', () => {
    const fields = (settings: string) => new MeshConfigFile('m').update(`defaultConfig: { ${settings} }`).problems.map(({ field }) => field);
    const good = ['istiod.istio-system.svc:15012', '10.0.0.1:1', "'[::1]:65535'"];
    expect(good.flatMap((address) => fields(`discoveryAddress: ${address}`))).toEqual([]);
    const bad = ["''", 'istiod', "'istiod:'", 'istiod:0', 'istiod:65536', "'*:80'", "'istiod:15012x'", "'[::1:80'"];
    expect(bad.map((address) => fields(`discoveryAddress: ${address}`))).toEqual(bad.map(() => ['defaultConfig.discoveryAddress']));
    expect(fields("tracing: { zipkin: { address: '$(HOST_IP):9411' } }")).toEqual([]);
    expect(fields('tracing: { zipkin: {} }, statsdUdpAddress: x, envoyMetricsService: { address: y }, envoyAccessLogService: {}')).toEqual([
      'defaultConfig.statsdUdpAddress',
      'defaultConfig.tracing.zipkin.address',
      'defaultConfig.envoyMetricsService.address',
    ]);
  });

  it('CL-006: networks name addresses, names and ports', () => {
    const fields = (network: string) => {
      const map = { kind: 'ConfigMap', data: { meshNetworks: `networks: { n: ${network} }` } };
      return new MeshConfigFile('m').update(JSON.stringify(map)).problems.map(({ field }) => field);
    };
    expect(fields('{ endpoints: [{ fromCidr: 10.0.0.0/8 }, { fromRegistry: west }], gateways: [{ address: gw.example.com, port: 443 }] }')).toEqual(
      [],
    );
    expect(
      fields(
        '{ endpoints: [{ fromCidr: 10.0.0.0/99 }, { fromRegistry: a b }], gateways: [{ address: "-", port: 443 }, { registryServiceName: a b }] }',
      ),
    ).toEqual([
      'networks.n.endpoints[0].fromCidr',
      'networks.n.endpoints[1].fromRegistry',
      'networks.n.gateways[0].address',
      'networks.n.gateways[1].registryServiceName',
      'networks.n.gateways[1].port',
    ]);
  });

  it('PC-014: windows of HTTP/2 that Envoy does not begin with, actions that are none', () => {
    const settings = 'http2InitialStreamWindowSize: 65534, http2InitialConnectionWindowSize: 65535';
    const { problems } = new MeshConfigFile('m').update(`defaultConfig: { connectionSettings: { ${settings} } }`);
    expect(problems.map(({ field }) => field)).toEqual(['defaultConfig.connectionSettings.http2InitialStreamWindowSize']);
    const actions = 'httpHeadersWithUnderscoresAction: REJECT_REQUEST, httpPathWithEscapedSlashesAction: REJECT_REQUEST, profile: EDGE';
    expect(new MeshConfigFile('m').update(`defaultConfig: { connectionSettings: { ${actions} } }`).problems.map(({ field }) => field)).toEqual([
      'defaultConfig.connectionSettings.httpHeadersWithUnderscoresAction',
    ]);
  });

  it('MC-020: what Envoy can live with in a retry policy of the mesh is told, and costs no other setting', () => {
    const file = new MeshConfigFile('m');
    const { problems } = file.update('defaultHttpRetryPolicy: { retryOn: "5xx,whenever" }\n');
    expect(problems.map(({ severity, field }) => [severity, field])).toEqual([
      ['warning', 'defaultHttpRetryPolicy.attempts'],
      ['warning', 'defaultHttpRetryPolicy.retryOn'],
    ]);
  });
});

const cases = join(import.meta.dirname, '../../../shared/conformance/cases');
(existsSync(cases) ? it : it.skip)('every conformance MeshConfig loads without a problem', () => {
  const problems = readdirSync(cases).flatMap((name) => loadMeshConfig(join(cases, name, 'mesh.yaml')).problems);
  expect(problems).toEqual([]);
});
