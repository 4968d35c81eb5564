/** A collector for tests: takes spans over HTTP and gRPC, as protobuf. https://github.com/open-telemetry/opentelemetry-proto (trace/v1) */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Server, ServerCredentials } from '@grpc/grpc-js';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parent: string;
  readonly name: string;
  /** Nanoseconds since the epoch. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 2 is an error. */
  readonly status: number;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly spans: ReceivedSpan[];
  /** Headers of HTTP requests. */
  readonly headers: Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const headers: Record<string, unknown>[] = [];
  const http = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      headers.push(request.headers);
      if (request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf') spans.push(...spansIn(Buffer.concat(parts)));
      response.writeHead(request.url === '/v1/traces' ? 200 : 404, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const grpc = new Server();
  const raw = (bytes: Buffer): Buffer => bytes;
  grpc.addService(
    {
      Export: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    },
    {
      Export(call: { request: Buffer }, done: (error: null, response: Buffer) => void) {
        spans.push(...spansIn(call.request));
        done(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error))),
  );
  return {
    httpUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    grpcUrl: `http://127.0.0.1:${port}`,
    spans,
    headers,
    async close() {
      http.closeAllConnections();
      grpc.forceShutdown();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

type Value = Uint8Array | bigint | number;

/** The fields of a message by number. */
function fieldsOf(bytes: Uint8Array): Map<number, Value[]> {
  const fields = new Map<number, Value[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    let value: Value;
    if (wire === WireType.LengthDelimited) value = reader.bytes();
    else if (wire === WireType.Bit64) value = BigInt(reader.fixed64());
    else if (wire === WireType.Varint) value = Number(reader.int64());
    else {
      reader.skip(wire);
      continue;
    }
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Map<number, Value[]>, field: number) => (fields.get(field) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const text = (fields: Map<number, Value[]>, field: number): string => Buffer.from((fields.get(field)?.[0] as Uint8Array) ?? []).toString();
const hex = (fields: Map<number, Value[]>, field: number): string => Buffer.from((fields.get(field)?.[0] as Uint8Array) ?? []).toString('hex');

function valueOf(fields: Map<number, Value[]>): unknown {
  if (fields.has(1)) return text(fields, 1);
  if (fields.has(5)) return messages(fields, 5).flatMap((array) => messages(array, 1).map(valueOf));
  return fields.get(3)?.[0] ?? fields.get(2)?.[0];
}

const attributesOf = (fields: Map<number, Value[]>, field: number): Record<string, unknown> =>
  Object.fromEntries(messages(fields, field).map((pair) => [text(pair, 1), messages(pair, 2).map(valueOf)[0]]));

function spansIn(request: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(request), 1).flatMap((ofResource) => {
    const resource = messages(ofResource, 1).map((one) => attributesOf(one, 1))[0] ?? {};
    return messages(ofResource, 2).flatMap((ofScope) =>
      messages(ofScope, 2).map((span) => ({
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parent: hex(span, 4),
        name: text(span, 5),
        start: span.get(7)?.[0] as bigint,
        end: span.get(8)?.[0] as bigint,
        attributes: attributesOf(span, 9),
        status: (messages(span, 15)[0]?.get(3)?.[0] as number | undefined) ?? 0,
        resource,
      })),
    );
  });
}
