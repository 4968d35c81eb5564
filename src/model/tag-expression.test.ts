import { expect, test } from '@jest/globals';
import { tagExpression } from './tag-expression.js';

test('TE-004: a text is itself', () => {
  expect(tagExpression('"blue"')).toEqual({ literal: 'blue' });
});
test.each([
  'request.host',
  "request.headers['x-team']",
  'size(request.headers) > 0 && !(-1 > response.code) ? response.code / 100 : 1.5',
  "request.path.startsWith('/a b')",
])('TE-004: %s is what Envoy reads', (expression) => expect(tagExpression(expression)).toEqual({ cel: expression }));
test.each([
  ['no expression', 'request.host)'],
  ['two operands', 'request.host request.path'],
  ['an operator short', 'request.host =='],
  ['nothing', ''],
  ['an empty text', '""'],
  ['Istio’s own attribute', "upstream_peer.labels['app']"],
  ['a function that Envoy refuses', "request.host.split('.')[0]"],
  ['a format of another kind', 'request.host)% %REQ(X'],
  ['a pattern, which might be none', "request.path.matches('(')"],
  ['too few arguments', 'request.path.startsWith()'],
  ['a choice within a choice', 'true ? true ? 1 : 2 : 3'],
  ['mixed signs', '-!true'],
  ['a long number', '99999999999999999999'],
  ['escapes', String.raw`"a\"b"`],
  ['too deep', `${'('.repeat(100)}1${')'.repeat(100)}`],
])('TE-004: %s is left out', (_, expression) => expect(tagExpression(expression)).toBeUndefined());
