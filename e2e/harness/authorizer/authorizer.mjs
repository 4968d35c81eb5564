/**
 * An external authorizer over HTTP and over gRPC (Envoy's ext_authz). It decides by the request's `x-ask`: allow, slow (allow after 3 s), else deny;
 * about a TCP connection by who calls: `…/sa/client` may. What it saw of a request it says in headers `x-saw-…` of what it lets through.
 * `authorizer.mjs HOST HTTP-PORT GRPC-PORT`.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [host = '127.0.0.1', httpPort = '0', grpcPort = '0'] = process.argv.slice(2);
const envoy = join(dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const definitions = loadSync('envoy/service/auth/v3/external_auth.proto', {
  bytes: Buffer,
  includeDirs: ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(envoy, name)),
});

const SLOW_MS = 3000;
const DENIAL = { status: 401, body: 'no, says the authorizer', headers: { 'x-reason': 'unknown-caller', 'x-internal': 'deny' } };
const ALLOWED = { 'x-user': 'alice', 'x-internal': 'allow' };
const TO_CLIENT = { 'x-to-client': 'welcome' };
const PERMISSION_DENIED = 7;

const saw = (what) => Object.fromEntries(Object.entries(what).flatMap(([name, value]) => (value ? [[`x-saw-${name}`, String(value)]] : [])));

async function allows(ask) {
  if (ask === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  return ask === 'allow' || ask === 'slow';
}

const http = createServer(async (request, response) => {
  const { headers, method, url } = request;
  const body = Buffer.concat(await request.toArray()).toString();
  if (!(await allows(headers['x-ask']))) return response.writeHead(DENIAL.status, DENIAL.headers).end(DENIAL.body);
  const seen = saw({ method, path: url, token: headers['x-token'], other: headers['x-other'], extra: headers['x-extra'], body });
  return response.writeHead(200, { ...ALLOWED, ...seen, ...TO_CLIENT }).end();
});
http.keepAliveTimeout = 0; // Envoy keeps connections; closing idle ones would make failures that no mesh caused.

const options = (headers) => Object.entries(headers).map(([key, value]) => ({ header: { key, value } }));

async function check({ attributes = {} }) {
  const request = attributes.request?.http;
  const principal = attributes.source?.principal ?? '';
  // Of a connection there is no request to look at.
  const isHttp = Boolean(request?.method);
  const isAllowed = isHttp ? await allows(request.headers?.['x-ask']) : principal.endsWith('/sa/client');
  if (!isAllowed) {
    const denied = { status: { code: 'Unauthorized' }, headers: options(DENIAL.headers), body: DENIAL.body };
    return { status: { code: PERMISSION_DENIED }, ...(isHttp && { deniedResponse: denied }) };
  }
  if (!isHttp) return { status: { code: 0 } };
  const { headers = {}, method, path, body } = request;
  const seen = saw({ method, path, token: headers['x-token'], other: headers['x-other'], principal, body });
  const okResponse = { headers: options({ ...ALLOWED, ...seen }), headersToRemove: ['x-token'], responseHeadersToAdd: options(TO_CLIENT) };
  return { status: { code: 0 }, okResponse };
}

const server = new grpc.Server();
server.addService(definitions['envoy.service.auth.v3.Authorization'], {
  Check: (call, answer) =>
    check(call.request).then(
      (response) => answer(null, response),
      (error) => answer(error),
    ),
});
server.bindAsync(`${host}:${grpcPort}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  http.listen(Number(httpPort), host, () => console.log(JSON.stringify({ ready: true })));
});
