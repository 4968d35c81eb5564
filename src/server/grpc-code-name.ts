/** Names of gRPC's status codes as labels of metrics have them. https://grpc.io/docs/guides/status-codes */
const NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** A number that is no code counts as unknown. */
export const grpcCodeName = (code: number): string => NAMES[code] ?? 'Unknown';
