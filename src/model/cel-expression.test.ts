/** Verdicts of Envoy 1.40 (`--mode validate` with an access log filter), written down: whatever it takes must pass here. */
import { describe, expect, test } from '@jest/globals';
import { celProblem } from './cel-expression.js';

const TAKEN = [
  'response.code >= 400',
  'int(response.code) >= 400 && !(xds.cluster_name == "a" || xds["route_name"] in ["b", \'c\'])',
  "metadata.filter_metadata['envoy.filters.http.ext_authz']['user'] == r'\\d'",
  'has(request.headers) && has(request.auth.claims.groups)',
  'a ? b : c ? d : e',
  '.request.path == "/" // of all',
  'x.`a-b`.c[0u] == {"a": [1, 2.5e3, 0x1F,],}.a',
  '"""two\nlines""" == b\'\\xff\' || null == "\\u00e4\\101\\?"',
  'request.time - timestamp("2020-01-01T00:00:00Z") > duration("1s")',
  'request.time.getHours("UTC") % 2 == -1',
  'google.protobuf.Timestamp{seconds: 1} == x',
  'moon.phase == 1',
  'request.path == "//"',
];
/** [text, from where it is not understood] */
const NONE: readonly (readonly [string, string])[] = [
  ['response.code >== 400', 'line 1, column 15 (">== 400")'],
  ['response.code == 200 and\nx', 'line 1, column 22 ("and\\nx")'],
  ['request.path.matches("\\d+")', 'line 1, column 23 ("\\\\d+\\")")'],
  ['a == 1 &&\n  b ==', 'line 2, column 5 ("==")'],
  ['%REQ(X)%', 'line 1, column 1 ("%REQ(X)%")'],
  ['(a', 'line 1, column 3 (the end)'],
  ['a == "b', 'line 1, column 3 ("== \\"b")'],
];

describe('TE-012: expressions of filters', () => {
  test.each(TAKEN)('%s is one', (text) => {
    expect(celProblem(text)).toBeUndefined();
  });
  test.each(NONE)('%s is none', (text, place) => {
    expect(celProblem(text)?.kind).toBe('syntax');
    expect(celProblem(text)?.message).toContain(place);
  });
  test.each([' ', 'has(a)', 'x.all(1, true)', '9223372036854775808 > x', `a${' '.repeat(10_000)}`, '('.repeat(3000), 'if == 1'])(
    '%s is none',
    (text) => {
      expect(celProblem(text)?.kind).toBe('syntax');
    },
  );
  test.each([
    ['request.headers.exists(h, h == "a")', 'walks over'],
    ['string(1) == "1"', 'string() with 1'],
    ['a.lowerAscii() == "a"', 'lowerAscii() with 0'],
    ['Own{a: 1} == x', 'makes a Own'],
  ])('%s is one that Envoy does not evaluate', (text, message) => {
    expect(celProblem(text)?.kind).toBe('unknown');
    expect(celProblem(text)?.message).toContain(message);
  });
});
