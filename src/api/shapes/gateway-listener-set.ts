/**
 * What a ListenerSet may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */

import { certificateRef, listeners } from './gateway-shared.js';
import { obj } from './shape.js';

/** `spec` of ListenerSet. */
export const listenerSetShape = obj({ listeners: listeners, parentRef: certificateRef }, { required: ['listeners', 'parentRef'] });
