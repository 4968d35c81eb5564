/**
 * Policies of one workload as the filters that enforce them, once for HTTP connection managers and once for byte streams (AZ-029, AZ-033).
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter
 */
import type { RBAC as Rules } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import { ExtAuthz } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/ext_authz/v3/ext_authz.js';
import { RBAC } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/rbac/v3/rbac.js';
import { ExtAuthz as NetworkExtAuthz } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/ext_authz/v3/ext_authz.js';
import { RBAC as NetworkRBAC } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/rbac/v3/rbac.js';
import type { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import type { AuthorizationPolicy } from '../../api/istio.js';
import { type Partial, toAny } from '../proto.js';
import { CUSTOM_STAT_PREFIX, type CustomStep, customSteps, wasNoted } from './custom.js';
import type { ExternalAuthorizer } from './ext-authz.js';
import { Action, isDryRun, ruleSets } from './policies.js';

/** A named filter of either kind of chain. */
export interface NamedFilter {
  readonly name: string;
  readonly configType: { readonly $case: 'typedConfig'; readonly value: Any };
}

/** All policies that hold at one workload, by what they do. */
export interface WorkloadPolicies {
  readonly custom: readonly AuthorizationPolicy[];
  readonly audit: readonly AuthorizationPolicy[];
  readonly deny: readonly AuthorizationPolicy[];
  readonly allow: readonly AuthorizationPolicy[];
}

export function byAction(policies: readonly AuthorizationPolicy[]): WorkloadPolicies {
  const doing = (action: string) => policies.filter(({ spec }) => (spec.action ?? 'ALLOW') === action);
  return { custom: doing('CUSTOM'), audit: doing('AUDIT'), deny: doing('DENY'), allow: doing('ALLOW') };
}

export interface AuthorizationContext {
  readonly trustDomains: readonly string[];
  /** By the provider's name; undefined for one that cannot be used. */
  readonly authorizer: (provider: string) => ExternalAuthorizer | undefined;
}

/** CUSTOM comes before tokens are looked at, the rest after. */
export interface AuthorizationFilters {
  readonly custom: readonly NamedFilter[];
  readonly rules: readonly NamedFilter[];
}

const HTTP_RBAC = 'envoy.filters.http.rbac';
const NETWORK_RBAC = 'envoy.filters.network.rbac';
const HTTP_EXT_AUTHZ = 'envoy.filters.http.ext_authz';
const NETWORK_EXT_AUTHZ = 'envoy.filters.network.ext_authz';
const NETWORK_STAT_PREFIX = 'tcp.';

const named = (name: string, value: Any): NamedFilter => ({ name, configType: { $case: 'typedConfig', value } });

/** The parts of both RBAC filters that are used here. */
interface RbacConfig {
  readonly rules?: Partial<Rules>;
  readonly shadowRules?: Partial<Rules>;
  readonly shadowRulesStatPrefix?: string;
}
/** What is different between the two kinds of chain. */
interface Flavour {
  readonly isTcp: boolean;
  readonly rbac: (config: RbacConfig) => NamedFilter;
  /** undefined where the authorizer cannot be asked. */
  readonly extAuthz: (authorizer: ExternalAuthorizer, provider: string) => NamedFilter | undefined;
}

const HTTP: Flavour = {
  isTcp: false,
  rbac: (config) => named(HTTP_RBAC, toAny(RBAC, config)),
  extAuthz: ({ http }, provider) => named(HTTP_EXT_AUTHZ, toAny(ExtAuthz, { ...http, filterEnabledMetadata: wasNoted(HTTP_RBAC, provider) })),
};
const TCP: Flavour = {
  isTcp: true,
  rbac: (config) => named(NETWORK_RBAC, toAny(NetworkRBAC, { ...config, statPrefix: NETWORK_STAT_PREFIX })),
  extAuthz: ({ tcp }, provider) =>
    tcp && named(NETWORK_EXT_AUTHZ, toAny(NetworkExtAuthz, { ...tcp, filterEnabledMetadata: wasNoted(NETWORK_RBAC, provider) })),
};

export const httpAuthorization = (policies: WorkloadPolicies, context: AuthorizationContext): AuthorizationFilters =>
  authorization(policies, context, HTTP);
export const tcpAuthorization = (policies: WorkloadPolicies, context: AuthorizationContext): AuthorizationFilters =>
  authorization(policies, context, TCP);

/**
 * For servers that are gRPC libraries, which know RBAC and neither ext_authz nor dry runs: what an external authorizer would have to decide is
 * denied. They want each filter under a name of its own. https://github.com/grpc/proposal/blob/master/A41-xds-rbac.md
 */
export function grpcAuthorization({ custom, deny, allow }: WorkloadPolicies, trustDomains: readonly string[]): readonly NamedFilter[] {
  const [denying, allowing] = [deny, allow].map((own) => own.filter((policy) => !isDryRun(policy)));
  const policies = { custom, audit: [], deny: denying ?? [], allow: allowing ?? [] };
  const filters = authorization(policies, { trustDomains, authorizer: () => undefined }, HTTP);
  return [...filters.custom, ...filters.rules].map((filter, index) => ({ ...filter, name: `${filter.name}.${index}` }));
}

function authorization(policies: WorkloadPolicies, { trustDomains, authorizer }: AuthorizationContext, flavour: Flavour): AuthorizationFilters {
  const context = { isTcp: flavour.isTcp, trustDomains };
  const enforce = (own: readonly AuthorizationPolicy[], action: Action): NamedFilter[] => {
    if (own.length === 0) return [];
    const { rules, dryRun } = ruleSets(own, action, context);
    return [
      flavour.rbac({
        ...(rules !== undefined && { rules }),
        ...(dryRun !== undefined && { shadowRules: dryRun }),
        shadowRulesStatPrefix: dryRunPrefix(dryRun === undefined ? Action.ALLOW : action),
      }),
    ];
  };
  return {
    custom: customSteps(policies.custom, authorizer, context).flatMap((step) => customFilters(step, flavour)),
    rules: [...enforce(policies.audit, Action.LOG), ...enforce(policies.deny, Action.DENY), ...enforce(policies.allow, Action.ALLOW)],
  };
}

const dryRunPrefix = (action: Action): string =>
  action === Action.ALLOW ? 'istio_dry_run_allow_' : action === Action.DENY ? 'istio_dry_run_deny_' : '';

function customFilters(step: CustomStep, { rbac, extAuthz }: Flavour): NamedFilter[] {
  if (step.deny !== undefined) return [rbac({ rules: step.deny })];
  const ask = extAuthz(step.ask, step.provider);
  return ask === undefined ? [] : [rbac({ shadowRules: step.note, shadowRulesStatPrefix: CUSTOM_STAT_PREFIX }), ask];
}
