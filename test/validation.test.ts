/** Every verdict of the reference on small good and bad resources; skipped where that data is not at hand. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';
import { parseResources } from '../src/sources/load.js';

const folder = join(import.meta.dirname, '../../shared/conformance/validation');
const index = join(folder, 'index.json');

interface Case {
  readonly id: string;
  readonly file: string;
  readonly docIndex: number;
  readonly verdict: 'accept' | 'warn' | 'reject';
  readonly layer?: 'crd' | 'istiod';
}

if (!existsSync(index)) {
  it.skip('VA-002: the verdicts of the reference (no data here)', () => undefined);
} else {
  const cases = JSON.parse(readFileSync(index, 'utf8')) as Case[];
  const documents = new Map<string, unknown[]>();
  for (const { file } of cases) {
    if (!documents.has(file))
      documents.set(
        file,
        parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((one) => one.toJS()),
      );
  }
  describe('VA-002 VA-003: the verdicts of the reference', () => {
    it.each(cases)('$id is $verdict', ({ file, docIndex, verdict }) => {
      const { problems } = parseResources(stringify(documents.get(file)![docIndex]));
      const errors = problems.filter((problem) => problem.severity === 'error');
      const actual = errors.length > 0 ? 'reject' : problems.length > 0 ? 'warn' : 'accept';
      expect([actual, problems.map((problem) => `${problem.field}: ${problem.message}`)]).toEqual([verdict, expect.anything()]);
    });
  });
}
