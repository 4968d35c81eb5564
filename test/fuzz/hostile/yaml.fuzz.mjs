/** The YAML reader, for resources and for MeshConfig: it tells what is wrong and where, in bounded time, and never throws. */
import fc from 'fast-check';
import { ConfigFile } from '../../../dist/sources/config-file.js';
import { MeshConfigFile } from '../../../dist/sources/mesh-config-file.js';
import { goldenTexts } from './goldens.mjs';
import { oneOf } from './mesh.mjs';
import { MARK } from './regexp-watch.mjs';
import { spoiledText, text } from './texts.mjs';

/** One document may have many mistakes; nobody reads more than some. */
const mostProblems = (text) => 100 + 50 * text.split(/---|\.\.\.|kind/).length;
const count = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 200, max: 3_000 }));
const many = (of, most = 30_000) => count.map((n) => Math.min(n, most)).map((n) => Array.from({ length: n }, (_, at) => of(at, n)).join(''));
const MIB = 1 << 20;
const head = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: ${MARK}, namespace: shop }\nspec:\n`;

const bombs = fc.oneof(
  count.map((n) => '['.repeat(n)),
  count.map((n) => '['.repeat(n) + ']'.repeat(n)),
  count.map((n) => '{a: '.repeat(n) + '}'.repeat(n)),
  count.map((n) => '- '.repeat(n)),
  count.map((n) => '? '.repeat(n)),
  fc.integer({ min: 1, max: 900 }).map((n) => Array.from({ length: n }, (_, at) => `${' '.repeat(at)}a:\n`).join('')),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }))
    .map(([levels, width]) =>
      [`a0: &a0 [x, ${MARK}]`, ...Array.from({ length: levels }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(width).fill(`*a${at}`)}]`)].join('\n'),
    ),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }))
    .map(([levels, width]) =>
      [
        `a0: &a0 {x: ${MARK}}`,
        ...Array.from({ length: levels }, (_, at) => `a${at + 1}: &a${at + 1} {<<: [${Array(width).fill(`*a${at}`)}], k${at}: 1}`),
      ].join('\n'),
    ),
  many((at) => `k${at}: &a${at} v\n`),
  fc
    .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 120 }))
    .map(([size, times]) => `a: &a ${'x'.repeat(size)}\nb: [${Array(times).fill('*a')}]`),
  many((at) => `k${at}: *a\n`).map((lines) => `a: &a [1]\n${lines}`),
  many((at) => `k${at}: 1\n`),
  many((at) => `? [${at}]\n: ${at}\n`),
  many(() => 'k: 1\n'),
  many((at) => `- ${at}: ${'x'.repeat(at % 50)}\n`),
  many(() => '---\n', 2_000),
  many(() => '---\na: [\n', 2_000),
  many(() => '...\n', 2_000),
  many(() => '%YAML 1.2\n'),
  many((at) => `%TAG !e${at}! tag:x,2000:\n`),
  many(() => 'a: }\n'),
  many(() => ']'),
  many(() => ',').map((commas) => `{${commas}`),
  many(() => ',').map((commas) => `[${commas}`),
  many(() => 'a: {]\n'),
  many(() => 'a\n...\n'),
  many(() => 'a: b: c\n'),
  fc
    .tuple(
      fc.constantFrom(']', '}', ',', '[', '{', '{a: ', '- ', '? ', ': ', 'a: }\n', 'a\n...\n', '&a ', '"a" b\n', '[],'),
      fc.constantFrom('', '{', '[', 'a: '),
    )
    .map(([unit, before]) => before + unit.repeat(MIB / unit.length)),
  many((at) => `"h${at}.com", `).map((hosts) => `${head}  hosts: [${hosts}]\n  tcp: [{ route: [{ destination: { host: web } }] }]\n`),
  many(
    (at) =>
      `    - { match: [{ uri: { prefix: ${at % 2 === 0 ? '/a' : '/ab'} }, method: { exact: M${at} } }], route: [{ destination: { host: web } }] }\n`,
    5_000,
  ).map((rules) => `${head}  hosts: [web]\n  http:\n${rules}`),
  many(() => '\t'),
  many(() => '"'),
  many(() => '&a '),
  many(() => '!!x '),
  many(() => '\n'),
  many(() => '#'),
  many(() => '\\u0000'),
  many(() => 'é'),
  fc.constantFrom(
    '&a [*a]',
    'a: &a {b: *a}',
    '&a {<<: *a}',
    '<<: 1',
    '<<: [[1]]',
    '<<: &a [*a]',
    '*x',
    'a: *a',
    '!!binary ====',
    '!!set {a, b}',
    '!!omap [a: 1]',
    '!!timestamp 99999-99-99',
    '!!float x',
    '!!int 0x',
    '!!map []',
    '!!merge x',
    '!<tag:x> a',
    '!!js/function "x"',
    '!',
    '! a',
    '__proto__: {a: 1}',
    '{__proto__: {polluted: 1}}',
    'constructor: {prototype: {polluted: 1}}',
    '[a]: b',
    '{a: b}: c',
    '? {a: b}\n: c',
    'null: 1',
    '~: 1',
    '1: 2',
    '.nan',
    '-.inf',
    '0o777777777777777777777777',
    '1e99999',
    '9'.repeat(5000),
    '\ufeff---\na: 1',
    '\ud800',
    '|1000000\n x',
    '>-+\n x',
    '|\n',
  ),
  many((at) => `  a${at}: |${at % 12}\n   ${MARK}\n`).map((lines) => `${head}${lines}`),
  many((at) => `  - items: [{kind: List, items: [{kind: L${at}}]}]\n`).map((lines) => `kind: List\nitems:\n${lines}`),
  fc.integer({ min: 1, max: 60 }).map((n) => '{kind: List, items: ['.repeat(n) + ']}'.repeat(n)),
);

/** JSON: a string. */
export const inputs = fc.oneof(
  { weight: 3, arbitrary: spoiledText(oneOf(goldenTexts)) },
  { weight: 2, arbitrary: bombs },
  { weight: 2, arbitrary: spoiledText(bombs, 3) },
  { weight: 1, arbitrary: bombs.map((bomb) => `${head}  hosts: ${bomb}`) },
  { weight: 1, arbitrary: fc.array(text, { maxLength: 30 }).map((words) => words.join('')) },
);

export function check(input) {
  const lines = input.split('\n').length;
  for (const file of [new ConfigFile('f.yaml'), new MeshConfigFile('f.yaml')]) {
    for (const given of [input, `${input}\n`, `a: 1\n---\n${input}`]) {
      const { problems } = file.update(given);
      if (problems.length > mostProblems(given)) throw new Error(`${problems.length} problems`);
      for (const { message, location } of problems) {
        if (typeof message !== 'string' || message === '') throw new Error('a problem without a message');
        if (message.length > 4_000) throw new Error(`a message of ${message.length} characters: ${message.slice(0, 200)}`);
        if (!(location.line >= 1 && location.line <= lines + 3 && location.column >= 1))
          throw new Error(`a place outside of the text: ${location.line}:${location.column} of ${lines}`);
      }
    }
  }
}
