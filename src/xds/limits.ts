/** Limits and times of the protocol. */
export interface XdsLimits {
  /** Unsent bytes on one stream above which it gets no further push. @default 4 MiB */
  readonly maxBufferedBytes: number;
  /** Unsent bytes over all streams above which no further push starts. @default 64 MiB */
  readonly maxBytesInFlight: number;
  /** A client that takes no byte for this long is closed (DEADLINE_EXCEEDED). @default 60 s */
  readonly writeDeadlineMs: number;
  /** A client that is never done taking what it was sent for this long is closed, however little it takes now and then. @default 5 min */
  readonly drainDeadlineMs: number;
  /** Streams at a time, of all clients (RESOURCE_EXHAUSTED, as for the three that follow). @default 20000 */
  readonly maxStreams: number;
  /** Streams at a time from one address; behind an address translation that is many clients. @default 5000 */
  readonly maxStreamsPerAddress: number;
  /** Streams at a time of one proven identity, which the replicas of a workload share. @default 5000 */
  readonly maxStreamsPerIdentity: number;
  /** Streams at a time of one proxy by its node. @default 100 */
  readonly maxStreamsPerProxy: number;
  /** A client that has not said who it is for this long is closed (DEADLINE_EXCEEDED). @default 30 s */
  readonly firstRequestMs: number;
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
  /** Names that one stream may be subscribed to, over all types, and name in one request (RESOURCE_EXHAUSTED). @default 200000 */
  readonly maxNames: number;
  /** Longest turn of the event loop that pushing takes; what was written leaves only between turns. @default 2 ms */
  readonly sliceMs: number;
}

/** The defaults named above. */
export const defaultXdsLimits: XdsLimits = {
  maxBufferedBytes: 4 << 20,
  maxBytesInFlight: 64 << 20,
  writeDeadlineMs: 60_000,
  drainDeadlineMs: 300_000,
  maxStreams: 20_000,
  maxStreamsPerAddress: 5_000,
  maxStreamsPerIdentity: 5_000,
  maxStreamsPerProxy: 100,
  firstRequestMs: 30_000,
  clusterGateMs: 15_000,
  ackLimitMs: 30_000,
  removalGraceMs: 3_000,
  refusedRoutesMs: 300_000,
  maxTypes: 64,
  maxNames: 200_000,
  sliceMs: 2,
};
