import { RBAC_Action as Action } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import { RBAC } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/rbac/v3/rbac.js';
import { RBAC as NetworkRBAC } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/rbac/v3/rbac.js';
import { describe, expect, test } from '@jest/globals';
import type { AuthorizationPolicy } from '../../api/istio.js';
import { byAction, grpcAuthorization, httpAuthorization, type NamedFilter, tcpAuthorization } from './filters.js';

const policy = (name: string, spec: object, annotations: Record<string, string> = {}): AuthorizationPolicy => ({
  kind: 'AuthorizationPolicy',
  apiVersion: 'security.istio.io/v1',
  metadata: { name, namespace: 'shop', labels: {}, annotations },
  spec: spec as AuthorizationPolicy['spec'],
  createdAt: 0,
});
const DRY = { 'istio.io/dry-run': 'true' };
const rules = [{}];
const ALL = byAction([
  policy('allow', { rules }),
  policy('custom', { action: 'CUSTOM', provider: { name: 'opa' }, rules }),
  policy('deny', { action: 'DENY', rules }),
  policy('audit', { action: 'AUDIT', rules }),
]);
const context = { trustDomains: ['cluster.local'], authorizer: () => ({ http: {}, tcp: {} }) };
const decode = ({ configType }: NamedFilter): RBAC => RBAC.decode(configType.value.value);

describe('filters', () => {
  test('AZ-029: CUSTOM is apart, then AUDIT, DENY, ALLOW', () => {
    const { custom, rules: enforced } = httpAuthorization(ALL, context);
    expect(custom.map(({ name }) => name)).toEqual(['envoy.filters.http.rbac', 'envoy.filters.http.ext_authz']);
    expect(enforced.map((filter) => decode(filter).rules?.action)).toEqual([Action.LOG, Action.DENY, Action.ALLOW]);
  });

  test('AZ-005: the filter that notes for an authorizer enforces nothing', () => {
    const [note] = httpAuthorization(ALL, context).custom;
    expect(decode(note!)).toMatchObject({ rules: undefined, shadowRulesStatPrefix: 'istio_ext_authz_', shadowRules: { action: Action.DENY } });
  });

  test('AZ-032: authorizers over HTTP have no say on byte streams', () => {
    expect(tcpAuthorization(ALL, { ...context, authorizer: () => ({ http: {} }) }).custom).toEqual([]);
    expect(tcpAuthorization(ALL, context).custom.map(({ name }) => name)).toEqual(['envoy.filters.network.rbac', 'envoy.filters.network.ext_authz']);
  });

  test('AZ-027, AZ-033: statistics', () => {
    const dry = byAction([policy('d', { action: 'DENY', rules }, DRY)]);
    expect(decode(httpAuthorization(dry, context).rules[0]!)).toMatchObject({ rules: undefined, shadowRulesStatPrefix: 'istio_dry_run_deny_' });
    const network = NetworkRBAC.decode(tcpAuthorization(ALL, context).rules[2]!.configType.value.value);
    expect(network).toMatchObject({ statPrefix: 'tcp.', shadowRulesStatPrefix: 'istio_dry_run_allow_', shadowRules: undefined });
  });

  test('without policies there is nothing', () => {
    expect(httpAuthorization(byAction([]), context)).toEqual({ custom: [], rules: [] });
  });
});

describe('XD-025: servers that are gRPC libraries', () => {
  test('deny what an authorizer would be asked about, and have a name for each filter', () => {
    const filters = grpcAuthorization(ALL, ['cluster.local']);
    expect(filters.map(({ name }) => name)).toEqual(['envoy.filters.http.rbac.0', 'envoy.filters.http.rbac.1', 'envoy.filters.http.rbac.2']);
    expect(filters.map((filter) => decode(filter).rules?.action)).toEqual([Action.DENY, Action.DENY, Action.ALLOW]);
  });

  test('do not try policies out', () => {
    expect(grpcAuthorization(byAction([policy('a', { rules }, DRY)]), ['cluster.local'])).toEqual([]);
  });
});
