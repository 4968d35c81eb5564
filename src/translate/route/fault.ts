/** HTTPFaultInjection as per-route configuration of Envoy's fault filter. VS-030, VS-031. */

import type { DeepPartial } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { FaultDelay } from '@envoyproxy/xds-protos/envoy/extensions/filters/common/fault/v3/fault.js';
import { type FaultAbort, HTTPFault } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/fault/v3/fault.js';
import type { HTTPFaultInjection } from '../../api/istio.js';
import { duration, toAny } from '../proto.js';
import { partsPerMillion, wholePercent } from './percentage.js';
import type { RouteBlock } from './route-block.js';

/** https://grpc.io/docs/guides/status-codes/ */
const GRPC_STATUS = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** HTTPRoute.fault. Exponential delays and HTTP/2 errors exist in the API only; Envoy has no such fault, and what is left is empty. */
export const faultBlock: RouteBlock<HTTPFaultInjection> = (draft, fault) => {
  if (fault === undefined || fault === null) return;
  const delay = delayOf(fault.delay);
  const abort = abortOf(fault.abort);
  const config: DeepPartial<HTTPFault> = {};
  if (delay !== undefined) config.delay = delay;
  if (abort !== undefined) config.abort = abort;
  draft.route.typedPerFilterConfig = { ...draft.route.typedPerFilterConfig, 'envoy.filters.http.fault': toAny(HTTPFault, config) };
};

function delayOf(delay: HTTPFaultInjection['delay']): DeepPartial<FaultDelay> | undefined {
  if (delay?.fixedDelay === undefined) return undefined;
  return {
    faultDelaySecifier: { $case: 'fixedDelay', value: duration(delay.fixedDelay) },
    percentage: delay.percentage !== undefined ? partsPerMillion(delay.percentage) : wholePercent(delay.percent ?? 0),
  };
}

function abortOf(abort: HTTPFaultInjection['abort']): DeepPartial<FaultAbort> | undefined {
  const value: DeepPartial<FaultAbort> = {};
  if (abort?.httpStatus !== undefined) value.errorType = { $case: 'httpStatus', value: abort.httpStatus };
  else if (abort?.grpcStatus !== undefined) value.errorType = { $case: 'grpcStatus', value: Math.max(0, GRPC_STATUS.indexOf(abort.grpcStatus)) };
  else return undefined;
  if (abort.percentage !== undefined) value.percentage = partsPerMillion(abort.percentage);
  return value;
}
