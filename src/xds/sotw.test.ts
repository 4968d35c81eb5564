import { DiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { describe, expect, test } from '@jest/globals';
import type { EncodedResource } from './provider.js';
import { TypeUrl } from './push-order.js';
import { SotwSubscription } from './sotw.js';
import { resource } from './testing/fake-provider.js';

/** Requests and views in turn; each view asks for a response, which is named by what it holds ("-" for none). */
type Step = { ask: Partial<DiscoveryRequest>; is?: string } | { view: readonly EncodedResource[]; sends: string };

function play(typeUrl: string, steps: readonly Step[]): void {
  const subscription = new SotwSubscription(typeUrl);
  let nonce = 0;
  for (const [i, step] of steps.entries()) {
    if ('ask' in step) {
      const { verdict } = subscription.request(DiscoveryRequest.fromPartial({ typeUrl, ...step.ask }), i);
      if (step.is !== undefined) expect({ step: i, verdict }).toEqual({ step: i, verdict: step.is });
      continue;
    }
    const view = step.view.filter((r) => subscription.wants(r.name));
    const draft = subscription.draft({ chunks: [view] });
    const sends = draft === undefined ? '-' : names(draft.bodies);
    expect({ step: i, sends }).toEqual({ step: i, sends: step.sends });
    if (draft !== undefined) subscription.commit(draft, `n${++nonce}`, i);
  }
}

const names = (bodies: readonly Uint8Array[]) =>
  [
    ...Buffer.concat(bodies)
      .toString('latin1')
      .matchAll(/[a-z]\d?=\d/g),
  ]
    .map(([text]) => text)
    .join(' ');
const refused = { code: 3, message: 'no', details: [] };
const cds = (name: string, text: string) => resource(TypeUrl.cluster, name, text);
const eds = (name: string, text: string) => resource(TypeUrl.endpoint, name, text);
const [a1, a2, b1, b2] = [cds('a', '1'), cds('a', '2'), cds('b', '1'), cds('b', '2')];
const [e1, e2, f1] = [eds('a', '1'), eds('a', '2'), eds('b', '1')];

describe('whole types', () => {
  test('XD-006 the first request is answered, also with nothing', () =>
    play(TypeUrl.cluster, [
      { ask: {}, is: 'first' },
      { view: [], sends: '' },
    ]));

  test('XD-006 a change sends all, an equal view nothing', () =>
    play(TypeUrl.cluster, [
      { ask: {} },
      { view: [a1, b1], sends: 'a=1 b=1' },
      { ask: { responseNonce: 'n1' }, is: 'ack' },
      { view: [cds('a', '1'), b1], sends: '-' },
      { view: [a2, b1], sends: 'a=2 b=1' },
      { ask: { responseNonce: 'n2' }, is: 'ack' },
      { view: [b1], sends: 'b=1' },
    ]));

  test('XD-004 a stale nonce is ignored', () =>
    play(TypeUrl.cluster, [
      { ask: {} },
      { view: [a1], sends: 'a=1' },
      { view: [a2], sends: 'a=2' },
      { ask: { responseNonce: 'n1', errorDetail: refused }, is: 'stale' },
      { view: [a2], sends: '-' },
      { ask: { responseNonce: 'elsewhere.7' }, is: 'stale' },
    ]));

  test('XD-005 what was refused is not sent again before it changes', () =>
    play(TypeUrl.cluster, [
      { ask: {} },
      { view: [a1], sends: 'a=1' },
      { ask: { responseNonce: 'n1', errorDetail: refused }, is: 'nack' },
      { view: [a1], sends: '-' },
      { view: [a2], sends: 'a=2' },
    ]));

  test('XD-008 no names after names is no subscription; the star is one', () =>
    play(TypeUrl.cluster, [
      { ask: { resourceNames: ['a'] } },
      { view: [a1, b1], sends: 'a=1' },
      { ask: { responseNonce: 'n1', resourceNames: [] } },
      { view: [a2, b2], sends: '' },
      { ask: { responseNonce: 'n2', resourceNames: ['*'] } },
      { view: [a2, b2], sends: 'a=2 b=2' },
    ]));
});

describe('named types', () => {
  test('XD-006 added names are answered alone, removed ones not at all', () =>
    play(TypeUrl.endpoint, [
      { ask: { resourceNames: ['a'] } },
      { view: [e1, f1], sends: 'a=1' },
      { ask: { responseNonce: 'n1', resourceNames: ['a', 'b'] }, is: 'ack' },
      { view: [e1, f1], sends: 'b=1' },
      { ask: { responseNonce: 'n2', resourceNames: ['b'] } },
      { view: [e1, f1], sends: '-' },
      { ask: { responseNonce: 'n2', resourceNames: ['a', 'b'] }, is: 'change' },
      { view: [e1, f1], sends: 'a=1' },
    ]));

  test('XD-013 a push holds only what changed', () =>
    play(TypeUrl.endpoint, [
      { ask: { resourceNames: ['a', 'b'] } },
      { view: [e1, f1], sends: 'a=1 b=1' },
      { ask: { responseNonce: 'n1', resourceNames: ['a', 'b'] } },
      { view: [e2, f1], sends: 'a=2' },
      { ask: { responseNonce: 'n2', resourceNames: ['a', 'b'] } },
      { view: [f1], sends: '-' },
    ]));

  test('XD-005 what was refused goes along with the next change, not with a mere question', () =>
    play(TypeUrl.endpoint, [
      { ask: { resourceNames: ['a'] } },
      { view: [e1], sends: 'a=1' },
      { ask: { responseNonce: 'n1', resourceNames: ['a', 'b'], errorDetail: refused }, is: 'nack' },
      { view: [e1, f1], sends: 'b=1' },
      { ask: { responseNonce: 'n2', resourceNames: ['a', 'b'] }, is: 'ack' },
      { view: [e1, eds('b', '2')], sends: 'b=2 a=1' },
    ]));

  test('XD-006 an empty nonce starts again', () =>
    play(TypeUrl.endpoint, [
      { ask: { resourceNames: ['a'] } },
      { view: [e1], sends: 'a=1' },
      { ask: { resourceNames: ['a'] }, is: 'first' },
      { view: [e1], sends: 'a=1' },
    ]));

  test('XD-008 an empty list is no wildcard', () => play(TypeUrl.endpoint, [{ ask: {} }, { view: [e1], sends: '' }, { view: [e2], sends: '-' }]));
});
