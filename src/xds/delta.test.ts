import { DeltaDiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { describe, expect, test } from '@jest/globals';
import { DeltaSubscription } from './delta.js';
import type { EncodedResource } from './provider.js';
import { TypeUrl } from './push-order.js';
import { namesIn } from './subscription.js';
import { resource } from './testing/fake-provider.js';

type Ask = Partial<DeltaDiscoveryRequest>;
/** Requests and views in turn; each view asks for a response: what it sends, then "-" and what it removes; "none" for no response. */
type Step = { ask: Ask; is?: string } | { view: readonly EncodedResource[]; sends: string };

function play(typeUrl: string, steps: readonly Step[]): void {
  const subscription = new DeltaSubscription(typeUrl);
  let nonce = 0;
  for (const [i, step] of steps.entries()) {
    if ('ask' in step) {
      const { verdict } = subscription.request(DeltaDiscoveryRequest.fromPartial({ typeUrl, ...step.ask }), i);
      if (step.is !== undefined) expect({ step: i, verdict }).toEqual({ step: i, verdict: step.is });
      continue;
    }
    const draft = subscription.draft({ chunks: [step.view.filter((r) => subscription.wants(r.name))] });
    const sent = draft === undefined ? [] : [...namesIn(draft)].filter((name) => !draft.removed.includes(name));
    const sends = draft === undefined ? 'none' : [...sent, ...draft.removed.map((name) => `-${name}`)].join(' ');
    expect({ step: i, sends }).toEqual({ step: i, sends: step.sends });
    if (draft !== undefined) subscription.commit(draft, `n${++nonce}`, i);
  }
}

const refused = { code: 3, message: 'no', details: [] };
const r = (name: string, text = '1') => resource(TypeUrl.cluster, name, text);
const subscribe = (...names: string[]): { ask: Ask } => ({ ask: { resourceNamesSubscribe: names } });
const unsubscribe = (...names: string[]): { ask: Ask } => ({ ask: { resourceNamesUnsubscribe: names } });
const ack = (nonce: string): Step => ({ ask: { responseNonce: nonce }, is: 'ack' });
const nack = (nonce: string): Step => ({ ask: { responseNonce: nonce, errorDetail: refused }, is: 'nack' });

describe('wildcard', () => {
  test('XD-002 an empty first request is a wildcard; changes and removals follow', () =>
    play(TypeUrl.cluster, [
      { ask: {}, is: 'first' },
      { view: [r('a'), r('b')], sends: 'a b' },
      ack('n1'),
      { view: [r('a'), r('b')], sends: 'none' },
      { view: [r('a', '2'), r('c')], sends: 'a c -b' },
    ]));

  test('XD-002 the first answer may be empty', () => play(TypeUrl.cluster, [{ ask: {} }, { view: [], sends: '' }]));

  test('XD-002 names first, then the star', () =>
    play(TypeUrl.cluster, [
      subscribe('a'),
      { view: [r('a'), r('b')], sends: 'a' },
      subscribe('*'),
      { view: [r('a'), r('b')], sends: 'b' },
      unsubscribe('*'),
      { view: [r('a'), r('b', '2')], sends: 'none' },
      { view: [], sends: '-a' },
    ]));

  test('XD-002 a name given up under a wildcard is sent again, or reported gone', () =>
    play(TypeUrl.cluster, [subscribe('*', 'a', 'x'), { view: [r('a')], sends: 'a -x' }, unsubscribe('a', 'x'), { view: [r('a')], sends: 'a -x' }]));

  test('XD-002 initial versions: only what differs, and what is gone', () =>
    play(TypeUrl.cluster, [
      { ask: { initialResourceVersions: { a: r('a').version, b: 'old', c: 'gone' } } },
      { view: [r('a'), r('b'), r('d')], sends: 'b d -c' },
    ]));

  test('XD-002 initial versions that are all there give an empty answer', () =>
    play(TypeUrl.cluster, [{ ask: { initialResourceVersions: { a: r('a').version } } }, { view: [r('a')], sends: '' }]));
});

describe('names', () => {
  test('XD-002 names without a resource are reported gone', () => play(TypeUrl.endpoint, [subscribe('a', 'x'), { view: [r('a')], sends: 'a -x' }]));

  test('EX-009 a client keeps an extension that is gone until its listener no longer names it; one that never was is told', () =>
    play(TypeUrl.extensionConfig, [
      subscribe('a', 'b', 'x'),
      { view: [r('a'), r('b')], sends: 'a b -x' },
      ack('n1'),
      { view: [r('a')], sends: 'none' },
      { view: [r('a', '2')], sends: 'a' },
      ack('n2'),
      { view: [r('a', '2'), r('b')], sends: 'b' },
    ]));

  test('XD-002 a name asked for again is sent again', () =>
    play(TypeUrl.endpoint, [
      subscribe('a', 'b'),
      { view: [r('a'), r('b')], sends: 'a b' },
      ack('n1'),
      subscribe('a'),
      { view: [r('a'), r('b')], sends: 'a' },
    ]));

  test('XD-002 a name given up is not mentioned', () =>
    play(TypeUrl.endpoint, [
      subscribe('a', 'b'),
      { view: [r('a'), r('b')], sends: 'a b' },
      unsubscribe('b'),
      { view: [r('a'), r('b', '2')], sends: 'none' },
    ]));

  test('XD-002 given up and asked for again between two turns', () =>
    play(TypeUrl.endpoint, [subscribe('a'), { view: [r('a')], sends: 'a' }, unsubscribe('a'), subscribe('a'), { view: [r('a')], sends: 'a' }]));

  test('XD-002 reconnect with names: versions speak for those that came along, the others are sent', () =>
    play(TypeUrl.endpoint, [
      { ask: { resourceNamesSubscribe: ['a', 'b', 'x'], initialResourceVersions: { a: r('a').version, x: '1' } } },
      { view: [r('a'), r('b')], sends: 'b -x' },
    ]));

  test('XD-008 no names is no wildcard', () => play(TypeUrl.endpoint, [{ ask: {} }, { view: [r('a')], sends: '' }]));
});

describe('answers', () => {
  test('XD-005 a refused change is not repeated by itself, and goes along with the next', () =>
    play(TypeUrl.cluster, [
      { ask: {} },
      { view: [r('a'), r('b')], sends: 'a b' },
      ack('n1'),
      { view: [r('a', 'bad'), r('b')], sends: 'a' },
      nack('n2'),
      { view: [r('a', 'bad'), r('b')], sends: 'none' },
      { view: [r('a', 'bad'), r('b', '2')], sends: 'b a' },
    ]));

  test('XD-005 after a refusal the old content is sent as well: the client may have taken part of the new', () =>
    play(TypeUrl.cluster, [{ ask: {} }, { view: [r('a'), r('b')], sends: 'a b' }, nack('n1'), { view: [r('a'), r('b', '2')], sends: 'b a' }]));

  test('XD-005 a refused removal is repeated with the next change', () =>
    play(TypeUrl.cluster, [
      { ask: {} },
      { view: [r('a'), r('b')], sends: 'a b' },
      ack('n1'),
      { view: [r('a')], sends: '-b' },
      nack('n2'),
      { view: [r('a', '2')], sends: 'a -b' },
    ]));

  test('XD-004 an unknown nonce answers nothing, but its names count', () =>
    play(TypeUrl.endpoint, [
      subscribe('a'),
      { view: [r('a'), r('b')], sends: 'a' },
      { ask: { responseNonce: 'other', errorDetail: refused, resourceNamesSubscribe: ['b'] }, is: 'stale' },
      { view: [r('a'), r('b')], sends: 'b' },
    ]));
});
