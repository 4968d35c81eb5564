/**
 * What a mesh sends its telemetry to: OpenTelemetry's traces and logs over gRPC (4317) and traces over HTTP (4318), and Envoy's access log service
 * (4317). Prints what comes in, one line of JSON for each span, log record and entry. `collector.mjs HOST`.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const here = dirname(fileURLToPath(import.meta.url));
const checkout = join(here, '../../..');
const envoy = join(dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const definitions = loadSync([join(here, 'trace.proto'), join(here, 'logs.proto'), 'envoy/service/accesslog/v3/als.proto'], {
  longs: String,
  enums: String,
  bytes: Buffer,
  includeDirs: [join(checkout, 'proto/own'), ...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => join(envoy, name))],
});
const service = (name) => definitions[name];
const traces = service('opentelemetry.proto.collector.trace.v1.TraceService');
const host = process.argv[2] ?? '127.0.0.1';
const print = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const hex = (bytes) => (bytes?.length ? Buffer.from(bytes).toString('hex') : undefined);
const plain = ({ value, ...typed } = {}) => Object.values(value ?? typed)[0];
const attributes = (list = []) => Object.fromEntries(list.map(({ key, value }) => [key, plain(value ?? {})]));

function takeTraces(via, { resourceSpans = [] }) {
  for (const { resource, scopeSpans = [] } of resourceSpans)
    for (const { traceId, spanId, parentSpanId, name, kind, status, attributes: own } of scopeSpans.flatMap(({ spans = [] }) => spans))
      print({
        span: {
          via,
          resource: attributes(resource?.attributes),
          traceId: hex(traceId),
          id: hex(spanId),
          parentId: hex(parentSpanId),
          name,
          kind: { 2: 'SERVER', 3: 'CLIENT' }[kind] ?? kind,
          failed: status?.code === 2,
          tags: attributes(own),
        },
      });
}

function takeLogs({ resourceLogs = [] }) {
  for (const { resource, scopeLogs = [] } of resourceLogs)
    for (const { body, attributes: own, traceId } of scopeLogs.flatMap(({ logRecords = [] }) => logRecords))
      print({ log: { resource: attributes(resource?.attributes), body: plain(body), labels: attributes(own), traceId: hex(traceId) } });
}

const server = new grpc.Server();
server.addService(traces, { Export: (call, answer) => (takeTraces('grpc', call.request), answer(null, {})) });
server.addService(service('opentelemetry.proto.collector.logs.v1.LogsService'), {
  Export: (call, answer) => (takeLogs(call.request), answer(null, {})),
});
server.addService(service('envoy.service.accesslog.v3.AccessLogService'), {
  StreamAccessLogs(call) {
    let from = {};
    call.on('data', ({ identifier, httpLogs, tcpLogs }) => {
      from = identifier ?? from;
      const source = { logName: from.logName, node: from.node?.id };
      for (const entry of httpLogs?.logEntry ?? []) print({ entry: { ...source, kind: 'http', ...entry } });
      for (const entry of tcpLogs?.logEntry ?? []) print({ entry: { ...source, kind: 'tcp', ...entry } });
    });
    call.on('error', () => {});
  },
});

const http = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (request.url !== '/v1/traces') return response.writeHead(404).end();
  takeTraces('http', traces.Export.requestDeserialize(body));
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
});

server.bindAsync(`${host}:4317`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  http.listen(4318, host, () => print({ ready: true }));
});
