/** Verdicts of our own small corpus, and that no document whatever makes a validator throw. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';
import { parseResources } from '../sources/load.js';

interface Document {
  readonly metadata: { readonly name: string; readonly annotations?: { readonly field?: string } };
}

const documents = parseAllDocuments(readFileSync(join(import.meta.dirname, 'testdata/verdicts.yaml'), 'utf8')).map((one) => one.toJS() as Document);

describe('VA-002: verdicts', () => {
  it.each(documents.map((document) => [document.metadata.name, document] as const))('%s', (_, document) => {
    const { problems } = parseResources(stringify(document));
    const told = problems.map((problem) => `${problem.severity === 'warning' ? 'warn ' : ''}${problem.field}`);
    const field = document.metadata.annotations?.field;
    expect(told.map((one) => one.replaceAll('"', ''))).toEqual(field === undefined ? [] : field.split(','));
  });
});

it('VA-003: no value at any place makes validation throw', () => {
  const strange = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(null, '', '*', '%', '[', -1, 1e300, {}, [], [null]));
  fc.assert(
    fc.property(fc.constantFrom(...documents), fc.array(fc.nat(20), { maxLength: 8 }), strange, (document, steps, value) => {
      const copy = JSON.parse(JSON.stringify(document)) as unknown;
      replace(copy, steps, value);
      parseResources(JSON.stringify(copy));
    }),
    { numRuns: 400 },
  );
});

/** Walks down by the steps, as far as there is something, and puts the value there. */
function replace(root: unknown, steps: readonly number[], value: unknown): void {
  let at = root as Record<string, unknown>;
  for (const [index, step] of steps.entries()) {
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = keys[step % keys.length]!;
    const next = at[key];
    if (index === steps.length - 1 || typeof next !== 'object' || next === null) {
      at[key] = value;
      return;
    }
    at = next as Record<string, unknown>;
  }
}
