/** Turns gRPC-Web into gRPC, on ports declared as grpc-web. */
import { GrpcWeb } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/grpc_web/v3/grpc_web.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

const filter = { name: 'envoy.filters.http.grpc_web', configType: { $case: 'typedConfig' as const, value: toAny(GrpcWeb, {}) } };

export const grpcWeb: HttpFilter = ({ protocol }) => (protocol === 'GRPC-Web' ? filter : undefined);
