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

/** Thrown to end a call with a status and a message that the client may read. */
export class Refusal extends Error {
  constructor(
    readonly status: GrpcStatus,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}
