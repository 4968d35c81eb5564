/**
 * CUSTOM: an external authorizer decides about what the policies match (AZ-005 to AZ-007). An RBAC filter that enforces nothing notes the
 * matching policy in dynamic metadata; ext_authz after it asks the authorizer only where that note is. Whatever cannot be asked is denied:
 * an unknown or broken provider, and several providers at one workload.
 */
import type { RBAC } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import type { AuthorizationPolicy } from '../../api/istio.js';
import type { Partial } from '../proto.js';
import { metadata, textValue } from './claims.js';
import type { ExternalAuthorizer } from './ext-authz.js';
import { Action, isDryRun, type RbacContext, rbac } from './policies.js';
import { prefix } from './text-match.js';

/** Goes before the names that the RBAC filter writes to metadata. */
export const CUSTOM_STAT_PREFIX = 'istio_ext_authz_';
const NOTE = `${CUSTOM_STAT_PREFIX}shadow_effective_policy_id`;
const NAME_PREFIX = 'istio-ext-authz';
const BAD_PROVIDER = '-deny-due-to-bad-CUSTOM-action';

export type CustomStep =
  | { readonly deny: Partial<RBAC> }
  | { readonly deny?: never; readonly provider: string; readonly note: Partial<RBAC>; readonly ask: ExternalAuthorizer };

/**
 * In order of the providers' names. `authorizer` gives undefined for a provider that cannot be used. Envoy could only enforce the rules of
 * a policy that runs dry or ask for them, so those are left out.
 */
export function customSteps(
  policies: readonly AuthorizationPolicy[],
  authorizer: (provider: string) => ExternalAuthorizer | undefined,
  context: RbacContext,
): readonly CustomStep[] {
  const enforced = policies.filter((policy) => !isDryRun(policy));
  const byProvider = [...Map.groupBy(enforced, ({ spec }) => spec.provider?.name ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
  return byProvider.map(([provider, own]): CustomStep => {
    const prefixed = { prefix: provider === '' ? `${NAME_PREFIX}-` : `${NAME_PREFIX}-${provider}-` };
    const ask = byProvider.length > 1 ? undefined : authorizer(provider);
    if (ask === undefined) return { deny: rbac(own, Action.DENY, context, { ...prefixed, suffix: BAD_PROVIDER }) };
    return { provider, note: rbac(own, Action.DENY, context, prefixed), ask };
  });
}

/** Where ext_authz acts: where the RBAC filter before it noted a policy of this provider. */
export const wasNoted = (rbacFilter: string, provider: string): ReturnType<typeof metadata> =>
  metadata(rbacFilter, [NOTE], textValue(prefix(`${NAME_PREFIX}-${provider}`)));
