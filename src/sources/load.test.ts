import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { KINDS, kindInfo } from '../api/kinds.js';
import { loadResources, parseResources } from './load.js';

describe('kinds', () => {
  it('names plurals and collections as Kubernetes does', () => {
    const wanted: Record<string, [string, string]> = {
      VirtualService: ['virtualservices', 'virtualServices'],
      ServiceEntry: ['serviceentries', 'serviceEntries'],
      ProxyConfig: ['proxyconfigs', 'proxyConfigs'],
      AuthorizationPolicy: ['authorizationpolicies', 'authorizationPolicies'],
      Telemetry: ['telemetries', 'telemetries'],
      Gateway: ['gateways', 'gateways'],
      K8sGateway: ['gateways', 'k8sGateways'],
      GatewayClass: ['gatewayclasses', 'gatewayClasses'],
      HTTPRoute: ['httproutes', 'httpRoutes'],
      GRPCRoute: ['grpcroutes', 'grpcRoutes'],
      BackendTLSPolicy: ['backendtlspolicies', 'backendTLSPolicies'],
      XBackendTrafficPolicy: ['xbackendtrafficpolicies', 'xBackendTrafficPolicies'],
      EndpointSlice: ['endpointslices', 'endpointSlices'],
      Ingress: ['ingresses', 'ingresses'],
      IngressClass: ['ingressclasses', 'ingressClasses'],
    };
    for (const [kind, [plural, collection]] of Object.entries(wanted)) {
      const info = KINDS.find((one) => one.kind === kind)!;
      expect([kind, info.plural, info.collection]).toEqual([kind, plural, collection]);
    }
    expect(kindInfo('Ingress').native).toBe(true);
    expect(kindInfo('HTTPRoute').native).toBe(false);
  });
});

const service = (name: string, extra = ''): string => `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n${extra}`;

describe('parseResources', () => {
  it('gives rows with namespace, place and age', () => {
    const { resources, problems } = parseResources(
      `# head\n${service('a', 'spec:\n  ports: []\n')}---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: r, namespace: n}\nspec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n`,
    );
    expect(problems).toEqual([]);
    expect(resources.map((row) => [row.kind, row.metadata.namespace, row.createdAt, row.location?.line])).toEqual([
      ['Service', 'default', 0, 2],
      ['VirtualService', 'n', Date.UTC(2026, 0, 1) + 1000, 9],
    ]);
    expect(Object.isFrozen(resources[0]!.spec)).toBe(true);
  });

  it('expands lists and keeps Secrets whole', () => {
    const { resources } = parseResources(
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  type: Opaque\n  metadata: {name: s}\n  data: {a: Yg==}\n- {apiVersion: v1, kind: Namespace, metadata: {name: n, namespace: x}}\n',
    );
    expect(resources.map((row) => [row.kind, row.metadata.namespace, row.spec])).toEqual([
      ['Secret', 'default', { type: 'Opaque', data: { a: 'Yg==' } }],
      ['Namespace', '', {}],
    ]);
  });

  it('reports unknown kinds and passes over known ones that are of no use', () => {
    const { resources, problems } = parseResources(
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n',
    );
    expect(resources).toEqual([]);
    expect(problems.map((one) => [one.severity, one.code, one.location?.line])).toEqual([['warning', 'unknown-kind', 6]]);
  });

  it('tells file, line and column of a syntax error, an alias bomb, a deep and a large document', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`)
      .join('\n')}\n`;
    expect(parseResources('a: [1\nb: }', 'x.yaml').problems[0]).toMatchObject({ code: 'yaml-syntax', location: { file: 'x.yaml', line: 2 } });
    expect(parseResources(bomb).problems[0]?.message).toMatch(/alias/);
    expect(parseResources('['.repeat(100_000)).problems[0]?.code).toBe('yaml-syntax');
    expect(parseResources(`a: ${'['.repeat(90)}${']'.repeat(90)}`).problems[0]?.message).toMatch(/deep/);
    expect(parseResources(`a: ${'x'.repeat(5 << 20)}`).problems[0]?.message).toMatch(/at most/);
  });

  it('takes the first of two equal resources', () => {
    const { resources, problems } = parseResources(`${service('a', 'spec: {type: ClusterIP}\n')}---\n${service('a')}`);
    expect(resources.map((row) => row.spec)).toEqual([{ type: 'ClusterIP' }]);
    expect(problems[0]).toMatchObject({ code: 'duplicate', location: { line: 7 } });
  });
});

const cases = join(import.meta.dirname, '../../../shared/conformance/cases');
(existsSync(cases) ? it : it.skip)('every conformance input loads without an error', () => {
  const errors = readdirSync(cases).flatMap((name) =>
    loadResources([join(cases, name, 'input.yaml')]).problems.map((problem) => ({ name, ...problem })),
  );
  expect(errors.filter((problem) => problem.severity === 'error')).toEqual([]);
});

it('folders that link to themselves are read once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizzen-links-'));
  writeFileSync(join(folder, 'a.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n');
  for (const name of ['one', 'two']) symlinkSync(folder, join(folder, name));
  expect(loadResources([folder]).resources).toHaveLength(1);
  rmSync(folder, { recursive: true });
});
