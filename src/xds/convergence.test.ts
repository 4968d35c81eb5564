/**
 * The law of the protocol: whatever happens on the way (changes, refusals, half-taken responses, new subscriptions, lost
 * streams), a client that follows the specification ends with exactly what the provider has. Every run is a random story.
 */
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TypeUrl } from './push-order.js';
import { XdsServer } from './server.js';
import { FakeClock } from './testing/fake-clock.js';
import { FakeProvider, textOf } from './testing/fake-provider.js';
import { DeltaClient, type Judge, SotwClient } from './testing/model-client.js';

const wild = [TypeUrl.cluster, TypeUrl.listener];
const named = [TypeUrl.endpoint, TypeUrl.route];
const all = [...wild, ...named];

type Event =
  | { kind: 'set'; type: string; name: string; text: string; uses: string[] }
  | { kind: 'delete'; type: string; name: string }
  | { kind: 'read'; verdict: ReturnType<Judge> }
  | { kind: 'subscribe'; type: string; name: string }
  | { kind: 'unsubscribe'; type: string; name: string }
  | { kind: 'reconnect'; meanwhile: { type: string; name: string } | undefined }
  | { kind: 'answer' }
  | { kind: 'wait'; ms: number };

const name = fc.constantFrom('a', 'b', 'c', 'd');
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      type: fc.constantFrom(...all),
      name,
      text: fc.constantFrom('1', '2', '3'),
      uses: fc.subarray(['a', 'b', 'c', 'd']),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), type: fc.constantFrom(...all), name }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      verdict: fc.constantFrom<ReturnType<Judge>>('accept', 'accept', 'refuse', 'half', 'later'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom<'subscribe' | 'unsubscribe'>('subscribe', 'unsubscribe'), type: fc.constantFrom(...named), name }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reconnect' as const),
      meanwhile: fc.option(fc.record({ type: fc.constantFrom(...all), name }), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'answer' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 4_000, 20_000) }) },
);

async function tell(variant: 'sotw' | 'delta', story: readonly Event[]) {
  const clock = new FakeClock();
  const provider = new FakeProvider();
  const server = new XdsServer({ provider, clock });
  const client = variant === 'delta' ? new DeltaClient(server) : new SotwClient(server);
  client.connect();
  for (const type of wild) client.open(type, undefined);
  for (const type of named) client.open(type, ['a']);
  for (const event of story) {
    if (event.kind === 'set') provider.set(event.type, event.name, event.text, { uses: event.uses });
    else if (event.kind === 'delete') provider.delete(event.type, event.name);
    else if (event.kind === 'subscribe') client.subscribe(event.type, [event.name]);
    else if (event.kind === 'unsubscribe') client.unsubscribe(event.type, [event.name]);
    else if (event.kind === 'wait') await clock.advance(event.ms);
    else if (event.kind === 'answer') client.late.shift()?.();
    else if (event.kind === 'read') {
      await clock.settle();
      client.step(() => event.verdict);
    } else if (event.kind === 'reconnect') {
      client.stream.close();
      client.late.length = 0;
      if (event.meanwhile !== undefined) provider.delete(event.meanwhile.type, event.meanwhile.name);
      client.connect();
    }
  }
  const drain = async () => {
    for (const answer of client.late.splice(0)) answer();
    for (let i = 0; i < 60; i++) {
      await clock.advance(1_000);
      while (client.step(() => 'accept')) await clock.settle();
    }
  };
  await drain();
  // What was refused is tried again with the next change of content, and not before.
  for (const type of all) provider.set(type, 'a', 'last');
  await drain();
  expect(client.stream.ended).toBeUndefined();
  await server.close();
  return { client, provider };
}

describe.each(['sotw', 'delta'] as const)('%s', (variant) => {
  test("XD-001 XD-002 XD-005 any story ends with the provider's state", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (story) => {
        const { client, provider } = await tell(variant, story);
        for (const typeUrl of all) {
          const { names, has } = client.type(typeUrl);
          const expected = [...provider.of(typeUrl).values()].filter((r) => names === undefined || names.has(r.name));
          const want = expected.map((r) => textOf(Any.decode(r.body).value)).sort();
          // SotW cannot take a resource of a named type away, so only what exists is compared.
          const exists = (n: string) => variant === 'delta' || names === undefined || provider.of(typeUrl).has(n);
          const got = [...has].filter(([n]) => exists(n)).map(([, { text }]) => text);
          expect({ typeUrl, got: got.sort() }).toEqual({ typeUrl, got: want });
        }
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
