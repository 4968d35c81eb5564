/** `/validate`: what `mizzen validate` says of a resource that is about to be written (VA-001). An error refuses it, warnings go to the user's terminal. */
import { convert } from '../api/convert.js';
import type { Problem } from '../api/problem.js';
import { checkResource } from '../validation/check.js';
import { type AdmissionRequest, isObject, type Verdict } from './admission.js';

export function validateVerdict({ operation, object, namespace }: AdmissionRequest): Verdict {
  if (operation !== 'CREATE' && operation !== 'UPDATE') return { allowed: true };
  if (!isObject(object)) return { allowed: false, message: 'configuration is invalid: there is no object' };
  const named = withNamespace(object, namespace);
  const { row, problems } = convert(named);
  const found = [...problems, ...(row === undefined ? [] : checkResource(named, row))];
  const of = (severity: Problem['severity']): string[] => found.filter((problem) => problem.severity === severity).map(worded);
  const [errors, warnings] = [of('error'), of('warning')];
  const message = errors.length > 0 ? { message: `configuration is invalid: ${errors.join('; ')}` } : {};
  return { allowed: errors.length === 0, ...message, ...(warnings.length > 0 && { warnings }) };
}

const worded = ({ field, message }: Problem): string => (field === undefined || field === '' ? message : `${field}: ${message}`);

/** The request knows the namespace where the object does not. */
function withNamespace(object: Record<string, unknown>, namespace: string | undefined): Record<string, unknown> {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const { generateName, name = typeof generateName === 'string' ? `${generateName}x` : undefined } = metadata;
  const given = metadata['namespace'] ?? (namespace === '' ? undefined : namespace);
  return { ...object, metadata: { ...metadata, ...(name !== undefined && { name }), ...(given !== undefined && { namespace: given }) } };
}
