/** Injected faults. https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection */
import type { HTTPFaultInjection } from '../../api/istio.js';
import type { Findings } from '../findings.js';
import { duration, fineShare } from '../values.js';
import { statusCode } from './response.js';

const GRPC = new Set(
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  ),
);

export function validateFault(fault: HTTPFaultInjection | undefined, findings: Findings): void {
  if (fault === undefined) return;
  const { abort, delay } = fault;
  if (abort === undefined && delay === undefined) findings.error('abort or delay must be set');
  if (abort !== undefined) {
    const at = findings.at('abort');
    at.at('percentage', 'value').check(fineShare(abort.percentage?.value));
    if (abort.grpcStatus !== undefined) {
      if (!GRPC.has(abort.grpcStatus)) at.at('grpcStatus').error(`'${abort.grpcStatus}' is no gRPC status (such as NOT_FOUND)`);
    } else if (abort.http2Error !== undefined) at.at('http2Error').error('is not supported');
    else if (abort.httpStatus !== undefined) at.at('httpStatus').check(statusCode(abort.httpStatus));
    // The reference tells this only in a log; the resource counts as good.
  }
  if (delay !== undefined) {
    const at = findings.at('delay');
    at.at('percentage', 'value').check(fineShare(delay.percentage?.value));
    at.at('fixedDelay').check(duration(delay.fixedDelay));
    if (delay.exponentialDelay !== undefined) at.at('exponentialDelay').error('is not supported');
  }
}
