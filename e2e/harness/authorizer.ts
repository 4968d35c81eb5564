/** The tables' external authorizers: one server in a pod (`authorizer/authorizer.mjs`), and providers of MeshConfig that lead to it, or to nobody. */
import { join } from 'node:path';
import type { Pod } from './pods.js';
import { checkout, node, start } from './processes.js';

const PORTS = { http: 9100, grpc: 9101, nobodyHttp: 9102, nobodyGrpc: 9103 };
const shared = (port: number) => ({ service: 'authz.example.com', port, timeout: '1s' });
const http = (port: number, more: object = {}) => ({ envoyExtAuthzHttp: { ...shared(port), includeRequestHeadersInCheck: ['x-ask'], ...more } });
const grpc = (port: number, more: object = {}) => ({ envoyExtAuthzGrpc: { ...shared(port), ...more } });
const body = { includeRequestBodyInCheck: { maxRequestBytes: 8, allowPartialMessage: true } };

/** For MeshConfig; the service is a ServiceEntry of the table. */
export const authorizers: readonly object[] = [
  {
    name: 'authz-http',
    ...http(PORTS.http, {
      ...body,
      pathPrefix: '/check',
      includeRequestHeadersInCheck: ['x-ask', 'x-tok*'],
      includeAdditionalHeadersInCheck: { 'x-extra': 'from-mesh' },
      headersToUpstreamOnAllow: ['x-user', 'x-saw-*'],
      headersToDownstreamOnAllow: ['x-to-client'],
      headersToDownstreamOnDeny: ['x-reason'],
    }),
  },
  { name: 'authz-http-open', ...http(PORTS.http, { failOpen: true }) },
  { name: 'authz-http-down', ...http(PORTS.nobodyHttp) },
  { name: 'authz-http-down-open', ...http(PORTS.nobodyHttp, { failOpen: true }) },
  { name: 'authz-grpc', ...grpc(PORTS.grpc, body) },
  { name: 'authz-grpc-open', ...grpc(PORTS.grpc, { failOpen: true }) },
  { name: 'authz-grpc-down', ...grpc(PORTS.nobodyGrpc, { statusOnError: '503' }) },
  { name: 'authz-grpc-down-open', ...grpc(PORTS.nobodyGrpc, { failOpen: true }) },
];

/** Starts the server in a pod. */
export async function startAuthorizer(pod: Pod): Promise<void> {
  const file = join(checkout, 'e2e/harness/authorizer/authorizer.mjs');
  const args = [file, pod.ip, String(PORTS.http), String(PORTS.grpc)];
  await start({ name: 'authorizer', command: node, args, within: pod.asApp }).waitFor(/"ready"/);
}
