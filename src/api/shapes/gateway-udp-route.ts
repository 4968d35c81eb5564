/**
 * What a UDPRoute may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */

import { parentRefsShape, rules } from './gateway-shared.js';
import { obj, oneOf } from './shape.js';

/** `spec` of UDPRoute. */
export const udpRouteShape = obj({ parentRefs: parentRefsShape, rules: rules, useDefaultGateways: oneOf(['All', 'None']) }, { required: ['rules'] });
