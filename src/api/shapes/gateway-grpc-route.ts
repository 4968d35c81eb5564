/**
 * What a GRPCRoute may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { uniqueNames } from './gateway-checks.js';
import { filtersOnce, filterUnion, grpcMethod, matchesTotal } from './gateway-route-checks.js';
import {
  caCertificateRef,
  hostname,
  name,
  parentRefsShape,
  requestHeaderModifier,
  requestMirror,
  sectionName,
  sessionPersistenceShape,
  weightedBackendRef,
} from './gateway-shared.js';
import { list, nullable, obj, oneOf, strWith } from './shape.js';

const filters = list(
  obj(
    {
      extensionRef: caCertificateRef,
      requestHeaderModifier: requestHeaderModifier,
      requestMirror: requestMirror,
      responseHeaderModifier: requestHeaderModifier,
      type: oneOf(['ResponseHeaderModifier', 'RequestHeaderModifier', 'RequestMirror', 'ExtensionRef']),
    },
    { required: ['type'], checks: [filterUnion] },
  ),
  { max: 16, checks: [filtersOnce] },
);

/** `spec` of GRPCRoute. */
export const grpcRouteShape = obj({
  hostnames: list(hostname, { max: 16 }),
  parentRefs: parentRefsShape,
  rules: list(
    obj({
      backendRefs: list(weightedBackendRef({ filters: filters }), { max: 16 }),
      filters: filters,
      matches: list(
        obj({
          headers: list(
            obj(
              { name: name, type: nullable(oneOf(['Exact', 'RegularExpression'])), value: strWith({ min: 1, max: 4096 }) },
              { required: ['name', 'value'] },
            ),
            { max: 16, uniqueBy: ['name'] },
          ),
          method: obj(
            { method: strWith({ max: 1024 }), service: strWith({ max: 1024 }), type: nullable(oneOf(['Exact', 'RegularExpression'])) },
            { checks: [grpcMethod] },
          ),
        }),
        { max: 64 },
      ),
      name: sectionName,
      sessionPersistence: sessionPersistenceShape,
    }),
    { max: 16, checks: [matchesTotal, uniqueNames] },
  ),
  useDefaultGateways: oneOf(['All', 'None']),
});
