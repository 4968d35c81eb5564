/**
 * What a ReferenceGrant may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */

import { group, kind, namespace } from './gateway-shared.js';
import { list, obj, strWith } from './shape.js';

/** `spec` of ReferenceGrant. */
export const referenceGrantShape = obj(
  {
    from: list(obj({ group: group, kind: kind, namespace: namespace }, { required: ['group', 'kind', 'namespace'] }), { min: 1, max: 16 }),
    to: list(obj({ group: group, kind: kind, name: strWith({ min: 1, max: 253 }) }, { required: ['group', 'kind'] }), { min: 1, max: 16 }),
  },
  { required: ['from', 'to'] },
);
