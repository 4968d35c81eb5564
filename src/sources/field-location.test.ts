import { expect, test } from '@jest/globals';
import { fieldLocator } from './field-location.js';

const text = `# a comment
kind: A
spec:
  hosts:
    - one
    - two
---
kind: List
apiVersion: v1
items:
  - kind: B
    spec: {}
  - kind: C
    spec:
      x: 1
`;
const locate = fieldLocator(() => text);
const at = (line: number, column: number) => ({ file: 'f', line, column });

test('a field of a document, of an item of a List, and one that is not there', () => {
  expect(locate(at(2, 1), ['spec', 'hosts', 1])).toEqual(at(6, 7));
  expect(locate(at(13, 5), ['spec', 'x'])).toEqual(at(15, 7));
  expect(locate(at(2, 1), ['spec', 'nothing', 3])).toEqual(at(3, 1));
});

test('where nothing is known the resource is the place', () => {
  expect(locate(at(5, 5), ['spec'])).toEqual(at(5, 5));
  const gone = fieldLocator(() => {
    throw new Error('gone');
  });
  expect(gone(at(2, 1), ['spec'])).toEqual(at(2, 1));
});
