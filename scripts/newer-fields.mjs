/** Fields of newer Envoys that the generated code uses and the upstream protos lack: file, what the line below holds, declaration. All others: newer-envoy. */
const breakers = 'config/cluster/v3/circuit_breaker';

export const newerFields = [
  [breakers, 'import "google/protobuf/wrappers.proto"', 'import "google/protobuf/duration.proto";'],
  [breakers, 'UInt32Value min_retry_concurrency = 2', 'google.protobuf.Duration budget_interval = 3;'],
];
