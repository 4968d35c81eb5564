/** YAML that means harm: told in a few words, in time that its length accounts for. More of it in test/fuzz/hostile. */
import { expect, test } from '@jest/globals';
import { DEFAULT_LIMITS, parsePart } from '../yaml/parse-yaml.js';
import { parseResources } from './load.js';

const errorsOf = (text: string): readonly string[] => parsePart(text).flatMap(({ errors }) => errors.map(({ message }) => message));
const lines = (count: number, line: (at: number) => string): string => Array.from({ length: count }, (_, at) => line(at)).join('\n');

test('keys that stand twice are told with their place, in maps of maps too', () => {
  const [document] = parsePart('a: 1\nb:\n  c: 1\n  c: 2\n1: x\n"1": y\n');
  expect(document?.errors).toEqual([{ line: 3, column: 2, message: 'Map keys must be unique' }]);
  expect(errorsOf('{a: {b: [{c: 1, d: 2, c: 3}]}}')).toEqual(['Map keys must be unique']);
});

test('a map with many keys takes time by its length, not by its square', () => {
  const took = (count: number): number => {
    const text = lines(count, (at) => `k${at}: 1`);
    const begun = process.cpuUsage().user;
    expect(errorsOf(text)).toEqual([]);
    return process.cpuUsage().user - begun;
  };
  took(5_000);
  // Four times the length, sixteen times the square.
  expect(took(60_000) / took(15_000)).toBeLessThan(10);
}, 60_000);

test('VS-001 long lists of hosts, SNI names and rules are validated in time by their length, not by its square', () => {
  const virtualService = (spec: object): string =>
    JSON.stringify({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'v', namespace: 'n' }, spec });
  const list = <T>(length: number, item: (at: number) => T): T[] => Array.from({ length }, (_, at) => item(at));
  const route = [{ destination: { host: 'web' } }];
  const hosts = (length: number): string =>
    virtualService({ hosts: list(length, (at) => `${at % 2 === 0 ? '*.' : ''}h${at}.com`), http: [{ route }] });
  const sniNames = (length: number): string => {
    const sniHosts = list(length, (at) => `h${at}.example.com`);
    return virtualService({ hosts: sniHosts, tls: [{ match: [{ port: 443, sniHosts }], route }] });
  };
  const rules = (length: number): string => {
    const match = (at: number) => [{ uri: { prefix: at % 2 === 0 ? '/a' : '/ab' }, headers: { x: { exact: `v${at}` } } }];
    return virtualService({ hosts: ['web'], http: list(length, (at) => ({ match: match(at), route })) });
  };
  const seconds = (text: string): number => {
    const begun = process.cpuUsage().user;
    const { resources, problems } = parseResources(text);
    expect(resources.length).toBe(1);
    expect(problems.length).toBeLessThanOrEqual(1);
    return (process.cpuUsage().user - begun) / 1e6;
  };
  // Eight times as long is 64 times the work where each is compared with each. Only the ratio counts: the machine may be busy.
  for (const text of [hosts, sniNames, rules]) expect(seconds(text(20_000)) / seconds(text(2500))).toBeLessThan(30);
}, 120_000);

test('aliases can make a document neither large nor deep', () => {
  expect(errorsOf(`a: &a "${'x'.repeat(400_000)}"\nb: [${Array(90).fill('*a').join(', ')}]`)).toEqual([
    `the document is larger than ${DEFAULT_LIMITS.maxExpandedSize} characters once its aliases are written out`,
  ]);
  expect(errorsOf(`a0: &a0 [x]\n${lines(30, (at) => `a${at + 1}: &a${at + 1} [${Array(10).fill(`*a${at}`).join(', ')}]`)}`)).toEqual([
    'Excessive alias count indicates a resource exhaustion attack',
  ]);
  expect(errorsOf(`a: ${'['.repeat(63)}x${']'.repeat(63)}`)).toEqual([]);
  for (const depth of [64, 1_000])
    expect(errorsOf(`a: ${'['.repeat(depth)}x${']'.repeat(depth)}`)).toContain('the document is nested deeper than 64 levels');
});

test('keys are texts: nested ones, which are written out again at each level, are refused before anything is made of them', () => {
  const message = 'a key must be a text, not a mapping, a list or an alias';
  for (const text of ['? [a]\n: b', '{{a: 1}: b}', 'x: &a {b: 1}\n*a : c', 'x: &a b\n*a : c'])
    expect([text, ...errorsOf(text)]).toEqual([text, message]);
  // 1000 of these kept the parser busy for longer than anybody waited; that many are too deep before they are keys.
  expect(errorsOf('? '.repeat(60))).toEqual([message]);
  expect(errorsOf('? '.repeat(1_000))).toEqual(['the document is nested deeper than 64 levels']);
  expect(errorsOf('null: 1\n~: 2\n? a\n: b\n? c')).toEqual(['Map keys must be unique']);
});

test('a text with thousands of mistakes is told by its first ones', () => {
  const errors = errorsOf(lines(3_000, () => 'a: }'));
  expect(errors.length).toBe(21);
  expect(errors.at(-1)).toMatch(/^and \d{4} more mistakes from here on$/);
  const head = 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: v }\nspec:\n';
  const { problems } = parseResources(head + lines(3_000, (at) => `  k${at}: 1`));
  expect(problems.length).toBe(51);
  expect(problems.at(-1)?.message).toBe('unknown field; and 2949 more');
  const [long] = parseResources(`${head}  hosts: ${'x'.repeat(100_000)}`).problems;
  expect(long?.message.length).toBeLessThan(1_100);
});

test('what is said of a text is short, however long its parts are', () => {
  const { problems } = parseResources(`a: *${'b'.repeat(5_000)}`);
  expect(problems[0]?.message).toMatch(/^Unresolved alias/);
  expect(problems[0]?.message.length).toBeLessThan(1_100);
});

test('a text that was made to cost much is given up where its limit is, and says where', () => {
  const size = 1 << 20;
  const shapes: readonly [unit: string, head: string, told: string][] = [
    [']', '', 'more than 10000 mistakes; the rest of the text was not read'],
    [',', '{', 'more than 10000 mistakes; the rest of the text was not read'],
    ['a: }\n', '', 'more than 10000 mistakes; the rest of the text was not read'],
    ['&a ', '', 'more than 10000 mistakes; the rest of the text was not read'],
    ['[', 'a: ', 'the document is nested deeper than 64 levels'],
    ['- ', '', 'the document is nested deeper than 64 levels'],
    ['...\n', '', "more than 1000 documents without a '---' line between them"],
    ['a\n...\n', '', "more than 1000 documents without a '---' line between them"],
  ];
  for (const [unit, head, told] of shapes) {
    const begun = process.cpuUsage().user;
    const errors = errorsOf(head + unit.repeat(size / unit.length));
    expect([unit, errors.at(-1)]).toEqual([unit, told]);
    expect(errors.length).toBeLessThanOrEqual(22);
    // The first three took 17 s and more.
    expect((process.cpuUsage().user - begun) / 1e6).toBeLessThan(8);
  }
  const tooLong = parsePart('a: 1\nb: [1, 2]\n', { ...DEFAULT_LIMITS, maxTokens: 12 });
  expect(tooLong.map(({ value, errors }) => [value, errors])).toEqual([
    [null, [{ line: 1, column: 3, message: 'the document has more than 12 tokens' }]],
  ]);
  expect(parsePart(`a: 1\nb:\n  c: ${'['.repeat(70)}`)).toMatchObject([
    { value: null, start: { line: 0, column: 0 }, errors: [{ line: 2, column: 67, message: 'the document is nested deeper than 64 levels' }] },
  ]);
  expect(new Error('here').stack).toMatch(/hostile-yaml/);
}, 120_000);

test('a document is refused whose mistakes are counted only, and one before the limit is read', () => {
  const many = '{'.padEnd(100, ',');
  expect(parsePart(`${many}}\n...\n${many}}\n...\n${many}}\n`).map(({ value, errors }) => [value, errors.length])).toEqual(Array(3).fill([null, 21]));
  const documents = parsePart(`a: 1\n...\n${'['.repeat(100)}`);
  expect(documents.map(({ value, errors }) => [value, errors.length])).toEqual([
    [{ a: 1 }, 0],
    [null, 1],
  ]);
});

test('a status that is not of its shape refuses its resource, and not what reads it later', () => {
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [] }\nstatus: { podIP: 10.0.0.1, conditions: Ready }\n';
  const { resources, problems } = parseResources(pod);
  expect(resources).toEqual([]);
  expect(problems).toMatchObject([{ severity: 'error', field: 'status.conditions', message: 'must be a list, not "Ready"', location: { line: 5 } }]);
});
