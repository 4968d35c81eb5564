/**
 * What a TLSRoute may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { routeHostnames } from './gateway-checks.js';
import { hostname, parentRefsShape, rules } from './gateway-shared.js';
import { list, obj, oneOf } from './shape.js';

/** `spec` of TLSRoute. */
export const tlsRouteShape = obj(
  {
    hostnames: list(hostname, { max: 1024, checks: [routeHostnames] }),
    parentRefs: parentRefsShape,
    rules: rules,
    useDefaultGateways: oneOf(['All', 'None']),
  },
  // v1alpha2 does without hostnames: any.
  { required: ['rules'] },
);
