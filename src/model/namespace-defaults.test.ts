import { expect, test } from '@jest/globals';
import { entryVisibility, limitVisibility } from './namespace-defaults.js';

test('SD-046: the first policy whose rules all hold decides, and only for sidecars that are told to heed it', () => {
  const inRed = { namespaceSelector: { matchLabels: { team: 'red' } } };
  const settings = { applyToSidecars: true, defaultVisibility: 'NONE', policies: [{ visibility: 'NAMESPACE', matchingRules: [inRed] }] } as const;
  const of = (change: object, labels: Record<string, string>) => entryVisibility({ ...settings, ...change } as never, labels);
  expect(of({}, { team: 'red' })).toBe('NAMESPACE');
  expect(of({}, { team: 'blue' })).toBe('NONE');
  expect(of({ policies: [{ visibility: 'NAMESPACE', matchingRules: [{}] }] }, {})).toBe('NONE');
  expect(of({ policies: [{ visibility: 'PUBLIC' }] }, {})).toBe('PUBLIC');
  expect(of({ applyToSidecars: false }, {})).toBe('PUBLIC');
});

test('SD-046: what exportTo leaves out stays out', () => {
  const elsewhere = { to: 'namespaces' as const, namespaces: new Set(['b']) };
  expect(limitVisibility({ to: 'all' }, 'a', 'NAMESPACE')).toEqual({ to: 'namespaces', namespaces: new Set(['a']) });
  expect(limitVisibility(elsewhere, 'a', 'NAMESPACE')).toEqual({ to: 'none' });
  expect(limitVisibility(elsewhere, 'a', 'PUBLIC')).toBe(elsewhere);
});
