/** Texts and bytes that are meant to hurt, and ways to spoil good ones. Everything is plain JSON, so that an input can be kept. */
import fc from 'fast-check';
import { MARK } from './regexp-watch.mjs';

/** Words that mean something to somebody on the way. */
const HOT = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '*',
  '**',
  '{*}',
  '{**}',
  '{',
  '}',
  '[',
  ']',
  '(',
  '\\',
  '\\E',
  '\\Q',
  '|',
  '^',
  '$',
  '.*',
  '(a+)+$',
  '(?i)',
  '%',
  '%%',
  '%REQ(x)%',
  '%00',
  '/',
  '//',
  '/../',
  '..',
  '~',
  '.',
  ',',
  ';',
  ':',
  '=',
  '@',
  '@request.auth.claims.a',
  '#',
  '-',
  '--',
  '---',
  '\0',
  '\r\n',
  '\n',
  '\t',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\u{1f600}',
  'é',
  'é',
  'ß',
  'İ',
  'true',
  'null',
  'NaN',
  '1e999',
  '-1',
  '0',
  '0x10',
  '4294967296',
  '9007199254740993',
  '10.0.0.0/8',
  '10.0.0.0/33',
  '::/0',
  '::ffff:1.2.3.4',
  '169.254.169.254',
  'spiffe://cluster.local/ns/a/sa/b',
  'cluster.local/ns/a/sa/b',
  'a.svc.cluster.local',
  'kubernetes://s',
  'sds://x',
  'file-cert:/etc/passwd~/etc/shadow',
  'unix:///run/x',
  '1s',
  '-1s',
  '99999999999999h',
  '1ns',
  '/(',
  'a'.repeat(300),
];

/** A marked text, weird or not. */
export const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOT).map((word) => `${word}${MARK}`) },
  { weight: 2, arbitrary: fc.constantFrom(...HOT).map((word) => `${MARK}${word}`) },
  { weight: 3, arbitrary: fc.constantFrom(...HOT) },
  { weight: 2, arbitrary: fc.array(fc.constantFrom(...HOT, MARK), { maxLength: 6 }).map((words) => words.join('')) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...HOT), fc.integer({ min: 1, max: 3000 })).map(([word, times]) => word.repeat(times).slice(0, 20_000)),
  },
);

/** Any JSON, mostly small. */
export const json = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false, 0, -1, 0.5, 1e300, 2 ** 53, [], {}, [[]], [null], '', { a: null }) },
  { weight: 1, arbitrary: fc.array(text, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.dictionary(text, text, { maxKeys: 4 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }).map((depth) => nest(depth)) },
);

function nest(depth) {
  let value = [];
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { a: value } : [value];
  return value;
}

const spot = fc.integer({ min: 0, max: 9999 });
const change = (word) =>
  fc.oneof(
    fc.record({ how: fc.constant('insert'), at: spot, what: word }),
    fc.record({ how: fc.constant('replace'), at: spot, length: fc.integer({ min: 1, max: 40 }), what: word }),
    fc.record({ how: fc.constant('delete'), at: spot, length: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ how: fc.constant('repeat'), at: spot, length: fc.integer({ min: 1, max: 60 }), times: fc.integer({ min: 2, max: 300 }) }),
    fc.record({ how: fc.constant('cut'), at: spot }),
  );

/** Works on strings and on buffers, by their common methods and a join. */
function applied(value, changes, join) {
  return changes.reduce((now, { how, at, length = 0, times = 0, what }) => {
    const from = Math.floor((at / 10_000) * now.length);
    const [before, part, after] = [now.slice(0, from), now.slice(from, from + length), now.slice(from + length)];
    if (how === 'insert') return join([before, what, part, after]);
    if (how === 'replace') return join([before, what, after]);
    if (how === 'delete') return join([before, after]);
    if (how === 'cut') return before;
    return join([before, ...Array(times).fill(part), after]);
  }, value);
}

/** Good texts, spoiled in some places. */
export const spoiledText = (good, most = 5) =>
  fc.tuple(good, fc.array(change(text), { maxLength: most })).map(([value, changes]) => applied(value, changes, (parts) => parts.join('')));

const byteRun = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.constantFrom([0], [255], [128, 128, 128, 128, 16], [0x30, 0x80], [0x30, 0x84, 255, 255, 255, 255]),
);

/** Good bytes (base64), spoiled in some places; base64 again. */
export const spoiledBytes = (good, most = 5) =>
  fc
    .tuple(good, fc.array(change(byteRun.map((bytes) => Buffer.from(bytes))), { maxLength: most }))
    .map(([value, changes]) => applied(Buffer.from(value, 'base64'), changes, (parts) => Buffer.concat(parts)).toString('base64'));

/** A good JSON value of which some leaves or fields are something else. */
export const spoiledJson = (good, most = 3) =>
  fc
    .tuple(good, fc.array(fc.tuple(fc.array(fc.nat(50), { minLength: 1, maxLength: 8 }), fc.option(json)), { maxLength: most }))
    .map(([value, changes]) => {
      const copy = structuredClone(value);
      // Generators share what they give: it is never changed, or one value could come to lie in itself.
      const given = new Set(changes.map(([, put]) => put));
      for (const [path, put] of changes) {
        let at = copy;
        for (const step of path) {
          const keys = Object.keys(at);
          if (keys.length === 0) break;
          const key = keys[step % keys.length];
          if (typeof at[key] === 'object' && at[key] !== null && !given.has(at[key]) && step !== path.at(-1)) at = at[key];
          else {
            if (put === null) delete at[key];
            else if (step % 7 === 0 && typeof put === 'string')
              Object.defineProperty(at, put, { value: at[key], enumerable: true, writable: true, configurable: true });
            else at[key] = put;
            break;
          }
        }
      }
      return copy;
    });
