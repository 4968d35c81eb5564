/** HTTPRetry and the default retries that every outbound and inbound route has. VS-029, MC-018, MC-019; envoy-shapes §9. */

import { STATUS_CODES } from 'node:http';
import type { DeepPartial, RetryPolicy } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { PreviousHostsPredicate } from '@envoyproxy/xds-protos/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.js';
import { PreviousPrioritiesConfig } from '@envoyproxy/xds-protos/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.js';
import type { HTTPRetry } from '../../api/istio.js';
import { duration, toAny } from '../proto.js';
import type { RouteBlock } from './route-block.js';

const DEFAULT_RETRY_ON = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
/** Such a request never reached the application, so repeating it is safe. */
const DEFAULT_INBOUND_RETRY_ON = 'reset-before-request';
const RETRIABLE_STATUS_CODES = 'retriable-status-codes';

/** Retries of an outbound route; undefined switches them off. With consistent hashing the same host must be tried again. */
export function retryPolicy(retries: HTTPRetry | undefined, consistentHash: boolean): DeepPartial<RetryPolicy> | undefined {
  const policy: DeepPartial<RetryPolicy> = { numRetries: 2, retryOn: DEFAULT_RETRY_ON, hostSelectionRetryMaxAttempts: 5n };
  if (!consistentHash) policy.retryHostPredicate = [previousHosts()];
  if (retries === undefined) return policy;
  if ((retries.attempts ?? 0) <= 0) return undefined;
  Object.assign(policy, attemptsAndConditions(retries));
  if (retries.perTryTimeout !== undefined) policy.perTryTimeout = duration(retries.perTryTimeout);
  if (retries.retryIgnorePreviousHosts !== undefined) policy.retryHostPredicate = isTrue(retries.retryIgnorePreviousHosts) ? [previousHosts()] : [];
  if (isTrue(retries.retryRemoteLocalities)) {
    policy.retryPriority = {
      name: 'envoy.retry_priorities.previous_priorities',
      configType: { $case: 'typedConfig', value: toAny(PreviousPrioritiesConfig, { updateFrequency: 2 }) },
    };
  }
  return policy;
}

/** Retries of an inbound route: there is one host only, so nothing is chosen between. */
export function inboundRetryPolicy(retries: HTTPRetry | undefined): DeepPartial<RetryPolicy> | undefined {
  const policy: DeepPartial<RetryPolicy> = { numRetries: 2, retryOn: DEFAULT_INBOUND_RETRY_ON };
  if (retries === undefined) return policy;
  if ((retries.attempts ?? 0) <= 0) return undefined;
  return Object.assign(policy, attemptsAndConditions(retries));
}

/** HTTPRoute.retries. Weighted destinations keep the predicate: one of them may be hashed, the others not. */
export const retriesBlock: RouteBlock<HTTPRetry> = (draft, retries, http, context) => {
  const destination = http.route?.length === 1 ? http.route[0]?.destination : undefined;
  const consistentHash = destination !== undefined && context.hashOf(destination) !== undefined;
  draft.action.retryPolicy = retryPolicy(retries ?? context.defaultRetries, consistentHash);
};

function attemptsAndConditions(retries: HTTPRetry): DeepPartial<RetryPolicy> {
  const policy: DeepPartial<RetryPolicy> = { numRetries: retries.attempts ?? 0 };
  if (retries.retryOn) {
    const words = retries.retryOn.split(',').map((word) => word.trim());
    const codes = words.filter(isStatusCode).map(Number);
    const conditions = words.filter((word) => word !== '' && !isStatusCode(word));
    let retryOn = conditions.join(',');
    if (codes.length > 0 && !retryOn.includes(RETRIABLE_STATUS_CODES)) retryOn += `,${RETRIABLE_STATUS_CODES}`;
    policy.retryOn = retryOn;
    policy.retriableStatusCodes = codes;
  }
  const backoff = (retries as { backoff?: string }).backoff;
  if (backoff !== undefined) policy.retryBackOff = { baseInterval: duration(backoff) };
  return policy;
}

const isStatusCode = (word: string): boolean => /^\d{3}$/.test(word) && STATUS_CODES[Number(word)] !== undefined;
const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'object' && value !== null && (value as { value?: unknown }).value === true);

const previousHosts = (): NonNullable<DeepPartial<RetryPolicy>['retryHostPredicate']>[number] => ({
  name: 'envoy.retry_host_predicates.previous_hosts',
  configType: { $case: 'typedConfig', value: toAny(PreviousHostsPredicate, {}) },
});
