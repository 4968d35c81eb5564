import { describe, expect, test } from '@jest/globals';
import type { AuthorizationPolicy } from '../../api/istio.js';
import { customSteps, wasNoted } from './custom.js';
import type { ExternalAuthorizer } from './ext-authz.js';
import { Action, isDryRun, ruleSets } from './policies.js';

const CONTEXT = { isTcp: false, trustDomains: ['cluster.local'] };
const ASK: ExternalAuthorizer = { http: {} };

const policy = (name: string, spec: object, annotations: Record<string, string> = {}): AuthorizationPolicy => ({
  kind: 'AuthorizationPolicy',
  apiVersion: 'security.istio.io/v1',
  metadata: { name, namespace: 'shop', labels: {}, annotations },
  spec: spec as AuthorizationPolicy['spec'],
  createdAt: 0,
});
const custom = (name: string, provider: string, annotations: Record<string, string> = {}): AuthorizationPolicy =>
  policy(name, { action: 'CUSTOM', provider: { name: provider }, rules: [{}] }, annotations);
const DRY = { 'istio.io/dry-run': 'true' };

describe('policies', () => {
  test('AZ-009: are named by namespace, name and rule', () => {
    expect(Object.keys(ruleSets([policy('a', { rules: [{}, {}] })], Action.ALLOW, CONTEXT).rules?.policies ?? {})).toEqual([
      'ns[shop]-policy[a]-rule[0]',
      'ns[shop]-policy[a]-rule[1]',
    ]);
  });

  test('AZ-008: without rules they never match', () => {
    const { rules } = ruleSets([policy('a', {})], Action.ALLOW, CONTEXT);
    expect(rules?.policies?.['ns[shop]-policy[a]-rule[0]']).toEqual({
      permissions: [{ rule: { $case: 'notRule', value: { rule: { $case: 'any', value: true } } } }],
      principals: [{ identifier: { $case: 'notId', value: { identifier: { $case: 'any', value: true } } } }],
    });
  });

  test('AZ-002: an ALLOW policy all of whose rules are dropped still closes the chain', () => {
    const rules = [{ to: [{ operation: { methods: ['GET'] } }] }];
    expect(ruleSets([policy('a', { rules })], Action.ALLOW, { ...CONTEXT, isTcp: true })).toEqual({ rules: { action: Action.ALLOW, policies: {} } });
  });

  test('AZ-027: what runs dry is not enforced', () => {
    const sets = ruleSets([policy('real', { rules: [{}] }), policy('dry', { rules: [{}] }, DRY)], Action.DENY, CONTEXT);
    expect(Object.keys(sets.rules?.policies ?? {})).toEqual(['ns[shop]-policy[real]-rule[0]']);
    expect(Object.keys(sets.dryRun?.policies ?? {})).toEqual(['ns[shop]-policy[dry]-rule[0]']);
    expect(ruleSets([policy('dry', { rules: [{}] }, DRY)], Action.DENY, CONTEXT).rules).toBeUndefined();
  });

  test.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['yes', false],
    ['', false],
  ])('AZ-027: dry-run %j', (value, isDry) => expect(isDryRun(policy('a', {}, { 'istio.io/dry-run': value }))).toBe(isDry));
});

describe('CUSTOM', () => {
  test('AZ-005: notes what matches under the provider, and asks where the note is', () => {
    const [step] = customSteps([custom('a', 'opa')], () => ASK, CONTEXT);
    expect(step).toMatchObject({ provider: 'opa', ask: ASK, note: { action: Action.DENY } });
    expect(JSON.stringify(step)).toContain('istio-ext-authz-opa-ns[shop]-policy[a]-rule[0]');
    expect(JSON.stringify(wasNoted('f', 'opa'))).toContain('"prefix","value":"istio-ext-authz-opa"');
  });

  test('AZ-006: a provider that cannot be used denies what would have been asked', () => {
    const [step] = customSteps([custom('a', 'nobody')], () => undefined, CONTEXT);
    expect(step?.deny?.action).toBe(Action.DENY);
    expect(Object.keys(step?.deny?.policies ?? {})).toEqual(['istio-ext-authz-nobody-ns[shop]-policy[a]-rule[0]-deny-due-to-bad-CUSTOM-action']);
  });

  test('AZ-007: two providers at one workload deny both, in order of their names', () => {
    const steps = customSteps([custom('z', 'b'), custom('y', 'a')], () => ASK, CONTEXT);
    expect(steps.map(({ deny }) => Object.keys(deny?.policies ?? {})[0])).toEqual([
      'istio-ext-authz-a-ns[shop]-policy[y]-rule[0]-deny-due-to-bad-CUSTOM-action',
      'istio-ext-authz-b-ns[shop]-policy[z]-rule[0]-deny-due-to-bad-CUSTOM-action',
    ]);
  });

  test('AZ-027: what runs dry neither asks nor denies, nor does its provider count', () => {
    expect(customSteps([custom('a', 'opa', DRY)], () => ASK, CONTEXT)).toEqual([]);
    expect(customSteps([custom('a', 'opa', DRY), custom('b', 'other')], () => ASK, CONTEXT)).toHaveLength(1);
  });
});
