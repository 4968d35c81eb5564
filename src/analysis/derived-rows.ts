/** What Gateway API and Ingress resources ask for and don't get: references that lead nowhere, what is not supported (GA-019, GA-023, GA-024). */
import type { DerivedFindingCode } from '../model/derived-rows.js';
import type { Check, Severity } from './check.js';

const SEVERITY: Readonly<Record<DerivedFindingCode, Severity>> = {
  'not-attached': 'error',
  'unresolved-reference': 'error',
  'reference-not-permitted': 'error',
  invalid: 'error',
  'host-not-owned': 'error',
  conflicted: 'warning',
  unsupported: 'warning',
};

export const derivedRows: Check = {
  name: 'derived-row',
  subjects: () => [''],
  examine: ({ mesh }) =>
    mesh.derived.findings().map(({ row, code, message, path }) => ({ severity: SEVERITY[code], code, message, at: { row, path } })),
};
