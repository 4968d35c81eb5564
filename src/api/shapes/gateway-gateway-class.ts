/**
 * What a GatewayClass may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */

import { parametersRef } from './gateway-shared.js';
import { obj, strWith } from './shape.js';

/** `spec` of GatewayClass. */
export const gatewayClassShape = obj(
  {
    controllerName: strWith({
      min: 1,
      max: 253,
      pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
    }),
    description: strWith({ max: 64 }),
    parametersRef: parametersRef,
  },
  { required: ['controllerName'] },
);
