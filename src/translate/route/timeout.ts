/** Route timeouts. Envoy's own default of 15 s must never show: unset means none. VS-028. */
import { duration } from '../proto.js';
import type { RouteBlock } from './route-block.js';

/** Envoy's way to say "no limit". */
export const NONE = { seconds: 0n, nanos: 0 };

/** A route without limit, also for gRPC: without max_grpc_timeout the client's grpc-timeout header would be ignored. */
export const NO_TIMEOUT = { timeout: NONE, maxGrpcTimeout: NONE };

/** HTTPRoute.timeout. */
export const timeoutBlock: RouteBlock<string> = (draft, timeout) => {
  const value = timeout === undefined ? NONE : duration(timeout);
  draft.action.timeout = value;
  draft.action.maxGrpcTimeout = value;
};
