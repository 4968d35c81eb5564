/**
 * What a TCPRoute may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */

import { parentRefsShape, rules } from './gateway-shared.js';
import { obj, oneOf } from './shape.js';

/** `spec` of TCPRoute. */
export const tcpRouteShape = obj({ parentRefs: parentRefsShape, rules: rules, useDefaultGateways: oneOf(['All', 'None']) }, { required: ['rules'] });
