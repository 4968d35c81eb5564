/** The xDS server against clients that mean harm: each may lose its own stream, and takes nothing from the others. */
import { DeltaDiscoveryRequest, DiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { expect, test } from '@jest/globals';
import { TypeUrl } from '../../src/xds/push-order.js';
import { XdsServer } from '../../src/xds/server.js';
import { FakeClock } from '../../src/xds/testing/fake-clock.js';
import { FakeProvider } from '../../src/xds/testing/fake-provider.js';
import { FakeStream } from '../../src/xds/testing/fake-stream.js';
import { deltaVariant, sotwVariant } from '../../src/xds/variant.js';

const first = (id: string): Uint8Array => DiscoveryRequest.encode(DiscoveryRequest.fromPartial({ node: { id }, typeUrl: TypeUrl.cluster })).finish();

test('a client that reads a byte now and then does not starve the others', async () => {
  const clock = new FakeClock();
  const provider = new FakeProvider();
  provider.set(TypeUrl.cluster, 'big', 'x'.repeat(5_000));
  const server = new XdsServer({ provider, clock, limits: { maxBytesInFlight: 1_000 } });
  const open = async (id: string, reads: boolean): Promise<FakeStream> => {
    const stream = new FakeStream();
    stream.reads = reads;
    server.accept(stream, sotwVariant);
    stream.receive(first(id));
    await clock.settle();
    return stream;
  };
  const slow = await open('slow', false);
  expect(slow.sent.length).toBe(1);
  const honest = await open('honest', true);
  expect(honest.sent.length).toBe(0);
  for (let half = 0; half < 24; half++) {
    slow.trickle(1);
    await clock.advance(500);
  }
  expect(honest.sent.length).toBe(1);
});

test('a client that only asks and never answers is ended', async () => {
  const clock = new FakeClock();
  const server = new XdsServer({ provider: new FakeProvider(), clock });
  const stream = new FakeStream();
  server.accept(stream, deltaVariant);
  for (let count = 0; count < 4_200 && stream.ended === undefined; count++) {
    const request = { node: { id: 'a' }, typeUrl: TypeUrl.endpoint, resourceNamesSubscribe: [`n${count % 2}`] };
    stream.receive(DeltaDiscoveryRequest.encode(DeltaDiscoveryRequest.fromPartial(request)).finish());
    await clock.settle();
  }
  expect(stream.ended).toMatchObject({ status: 8, message: expect.stringContaining('not answered') });
});

test('bytes that are no request end their stream, odd ones that are do not throw', async () => {
  const clock = new FakeClock();
  const server = new XdsServer({ provider: new FakeProvider(), clock });
  const hostile = [
    Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), // a length of -1
    Buffer.from([0x12, 0x7f, 0x0a]), // longer than the message
    Buffer.alloc(100_000, 0x1b), // groups in groups
    Buffer.alloc(5_000, 0x12),
    Buffer.from([0x22, 0x02, 0xc3, 0x28]), // no UTF-8
    DiscoveryRequest.encode(DiscoveryRequest.fromPartial({ node: { id: '' } })).finish(),
    DiscoveryRequest.encode(DiscoveryRequest.fromPartial({ node: { id: '__proto__' }, typeUrl: '__proto__', resourceNames: ['__proto__'] })).finish(),
  ];
  for (const variant of [sotwVariant, deltaVariant]) {
    for (const [at, bytes] of hostile.entries()) {
      const stream = new FakeStream();
      if (variant === sotwVariant) server.accept(stream, sotwVariant);
      else server.accept(stream, deltaVariant);
      stream.receive(bytes);
      await clock.settle();
      if (at < hostile.length - 1) expect([at, stream.ended?.status]).toEqual([at, 3]);
      stream.close();
    }
  }
  expect(server.connections()).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
