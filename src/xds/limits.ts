/** Limits and times of the protocol. */
export interface XdsLimits {
  /** Unsent bytes on one stream above which it gets no further push. @default 4 MiB */
  readonly maxBufferedBytes: number;
  /** Unsent bytes over all streams above which no further push starts. @default 64 MiB */
  readonly maxBytesInFlight: number;
  /** A client that takes no byte for this long is closed (DEADLINE_EXCEEDED). @default 60 s */
  readonly writeDeadlineMs: number;
  /** Longest wait of routes and listeners for the ACK of their clusters. @default 15 s, Envoy's initial fetch timeout */
  readonly clusterGateMs: number;
  /** A push that is not answered for this long no longer holds back the next one of its type. @default 30 s */
  readonly ackLimitMs: number;
  /** Time between the ACK of the last route change and the removal of clusters. @default 3 s */
  readonly removalGraceMs: number;
  /** Longest time that refused routes keep removed clusters alive. @default 5 min */
  readonly refusedRoutesMs: number;
  /** Types on one stream (RESOURCE_EXHAUSTED). @default 64 */
  readonly maxTypes: number;
  /** Names in one subscription (RESOURCE_EXHAUSTED). @default 200000 */
  readonly maxNames: number;
  /** Longest turn of the event loop that pushing takes; what was written leaves only between turns. @default 2 ms */
  readonly sliceMs: number;
}

/** The defaults named above. */
export const defaultXdsLimits: XdsLimits = {
  maxBufferedBytes: 4 << 20,
  maxBytesInFlight: 64 << 20,
  writeDeadlineMs: 60_000,
  clusterGateMs: 15_000,
  ackLimitMs: 30_000,
  removalGraceMs: 3_000,
  refusedRoutesMs: 300_000,
  maxTypes: 64,
  maxNames: 200_000,
  sliceMs: 2,
};
