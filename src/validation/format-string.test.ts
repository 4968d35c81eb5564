import { expect, test } from '@jest/globals';
import { formatString } from './format-string.js';

test.each([
  '',
  'plain',
  '100%% of %PROTOCOL%',
  '%REQ(X-REQUEST-ID)% %REQ(:AUTHORITY):10%\n',
  '[%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%]',
  '%CEL(size(request.path) > 3)%',
  '%FILTER_STATE(a.b:PLAIN):12%',
])('TE-009: %j is a format', (text) => {
  expect(formatString(text)).toBeUndefined();
});

test.each(['%', '50 % of', '%REQ(', '%REQ(a)', '%protocol%', '%%%', '%REQ(a):x%'])('TE-009: %j is none', (text) => {
  expect(formatString(text)).toContain("a '%' must be doubled");
});
