/**
 * The gRPC status codes that the server answers with (https://grpc.io/docs/guides/status-codes).
 * Kept here so that the protocol and its callers need no gRPC library.
 */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** One of the codes above. */
export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus];

/** The limits on what peers may do, by the name under which refusals are counted. */
export type LimitName =
  | 'streams'
  | 'streams_per_address'
  | 'streams_per_identity'
  | 'streams_per_proxy'
  | 'first_request'
  | 'backlog'
  | 'types'
  | 'names'
  | 'unanswered'
  | 'write_deadline'
  | 'drain_deadline'
  | 'header_bytes'
  | 'message_bytes'
  | 'request_rate'
  | 'connections'
  | 'connections_per_address'
  | 'call_rate'
  | 'http2';

/** A message quotes what a peer said, and goes back to it in a header and into the log: this many characters are enough. */
const MAX_MESSAGE = 1_000;

/** Thrown to end a call with a status and a message (cut to 1000 characters) that the client may read. */
export class Refusal extends Error {
  constructor(
    readonly status: GrpcStatus,
    message: string,
    /** The limit that was passed, if it is one of those that are counted. */
    readonly limit?: LimitName,
  ) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message);
    this.name = 'Refusal';
  }
}
