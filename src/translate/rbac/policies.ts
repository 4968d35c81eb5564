/**
 * Policies of one action as Envoy's RBAC: what is enforced, and what runs dry (AZ-008, AZ-009, AZ-027).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
 */
import { RBAC_Action as Action, type Policy, type RBAC } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import type { AuthorizationPolicy } from '../../api/istio.js';
import type { Partial } from '../proto.js';
import { PERMISSIONS } from './permission.js';
import { PRINCIPALS } from './principal.js';
import { translateRule } from './rule.js';

export { Action };

/** What every policy's translation depends on. */
export interface RbacContext {
  readonly isTcp: boolean;
  readonly trustDomains: readonly string[];
}

export interface RuleSets {
  readonly rules?: Partial<RBAC>;
  readonly dryRun?: Partial<RBAC>;
}

/** A policy without rules never matches. It stands there by name, so that an ALLOW policy of that kind closes the workload. */
const NEVER: Partial<Policy> = { permissions: [PERMISSIONS.not(PERMISSIONS.any)], principals: [PRINCIPALS.not(PRINCIPALS.any)] };

/** Empty texts count as unset; what is no boolean is enforced. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
export const isDryRun = ({ metadata }: AuthorizationPolicy): boolean => TRUE.has(metadata.annotations['istio.io/dry-run'] ?? '');

/** Policies of one action. Rules that cannot hold on the chain are missing; an ALLOW without any of them allows nothing. */
export function ruleSets(policies: readonly AuthorizationPolicy[], action: Action, context: RbacContext): RuleSets {
  const [dry, enforced] = [policies.filter(isDryRun), policies.filter((policy) => !isDryRun(policy))];
  return {
    ...(enforced.length > 0 && { rules: rbac(enforced, action, context) }),
    ...(dry.length > 0 && { dryRun: rbac(dry, action, context) }),
  };
}

/** `prefix` and `suffix` go around the names by which Envoy tells which policy decided. */
export function rbac(
  policies: readonly AuthorizationPolicy[],
  action: Action,
  { isTcp, trustDomains }: RbacContext,
  { prefix = '', suffix = '' } = {},
): Partial<RBAC> {
  const byName: Record<string, Partial<Policy>> = {};
  for (const { metadata, spec } of policies) {
    const { namespace, name } = metadata;
    const nameOf = (index: number): string => `${prefix}ns[${namespace}]-policy[${name}]-rule[${index}]${suffix}`;
    const rules = spec.rules ?? [];
    if (rules.length === 0) byName[nameOf(0)] = NEVER;
    for (const [index, rule] of rules.entries()) {
      const policy = translateRule(rule, { isTcp, strict: action === Action.ALLOW, namespace, trustDomains });
      if (policy !== undefined) byName[nameOf(index)] = policy;
    }
  }
  return { action, policies: byName };
}
