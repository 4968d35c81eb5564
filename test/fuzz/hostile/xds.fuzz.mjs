/** Discovery requests, state of the world and delta, true and spoiled, over the real stream handler: one stream may end, all others go on. */
import fc from 'fast-check';
import { othersAreServed, PEERS, REQUEST, TYPES, talk } from './control-plane.mjs';
import { spoiledBytes, text } from './texts.mjs';

const name = fc.oneof(
  text,
  fc.constantFrom(
    '*',
    '',
    'default',
    'ROOTCA',
    '80',
    'http.80',
    'outbound|80||web.shop.svc.cluster.local',
    'inbound|8080||',
    'kubernetes://s',
    'file-root:/etc/passwd',
    'kubernetes://other/s',
    '80~vhds/x',
  ),
);
const names = fc.oneof(
  { weight: 5, arbitrary: fc.array(name, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.nat(3_000).map((n) => Array.from({ length: n }, (_, at) => `n${at % 1_000}`)) },
);
const typeUrl = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...TYPES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'istio.io/debug',
      'istio.io/debug/syncz',
      'istio.io/debug/config_dump',
      'type.googleapis.com/istio.v1.HealthInformation',
    ),
  },
  { weight: 1, arbitrary: text },
);
/** What a nonce stands for: the last one that was got, none, or something else. */
const nonce = fc.oneof(fc.constantFrom('LAST', 'LAST', ''), text);
const nodeJson = fc.constantFrom(
  { id: 'sidecar~10.1.0.1~web.shop~shop.svc.cluster.local', metadata: { NAMESPACE: 'shop', SERVICE_ACCOUNT: 'web' } },
  { id: 'router~10.1.0.2~gw.shop~shop.svc.cluster.local', metadata: { NAMESPACE: 'shop', LABELS: { istio: 'ingressgateway' } } },
  { id: 'sidecar~10.1.0.1~web.other~other.svc.cluster.local', metadata: { NAMESPACE: 'other' } },
  { id: 'istioctl~1~2~3' },
  undefined,
);
const request = fc.record({
  node: nodeJson,
  typeUrl,
  responseNonce: nonce,
  versionInfo: text,
  resourceNames: names,
  resourceNamesSubscribe: names,
  resourceNamesUnsubscribe: names,
  initialResourceVersions: fc.dictionary(name, text, { maxKeys: 3 }),
  errorDetail: fc.option(fc.record({ code: fc.integer({ min: -1, max: 99 }), message: text }), { nil: undefined }),
});
const encoded = (variant, json) => {
  const { fromPartial, encode } = REQUEST[variant];
  return Buffer.from(encode(fromPartial(json)).finish());
};
const spoiled = fc
  .constantFrom('sotw', 'delta')
  .chain((variant) => spoiledBytes(request.map((json) => encoded(variant, json).toString('base64'))))
  .map((bytes) => ({ bytes }));
const random = fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ bytes: Buffer.from(bytes).toString('base64') }));

/** JSON: variant, kind of peer, and messages, as fields or as bytes. */
export const inputs = fc.record({
  variant: fc.constantFrom('sotw', 'delta'),
  peer: fc.constantFrom('plaintext', 'plaintext', 'proven', 'proven', 'proven', ...Object.keys(PEERS)),
  messages: fc.array(fc.oneof({ weight: 6, arbitrary: request }, { weight: 2, arbitrary: spoiled }, { weight: 1, arbitrary: random }), {
    minLength: 1,
    maxLength: 12,
  }),
});

export async function check({ variant, peer, messages }) {
  const sent = messages.map((message, at) => (last) => {
    if (message.bytes !== undefined) return Buffer.from(message.bytes, 'base64');
    // The first message must be good for the others to be looked at.
    const node = message.node ?? (at === 0 ? { id: 'sidecar~10.1.0.1~web.shop~shop.svc.cluster.local' } : undefined);
    return encoded(variant, { ...message, node, responseNonce: message.responseNonce === 'LAST' ? last : message.responseNonce });
  });
  await talk(variant, peer, sent);
  await othersAreServed();
}
