/**
 * What a GRPCRoute may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { servicePort, uniqueNames } from './gateway-checks.js';
import { filtersOnce, filterUnion, grpcMethod, matchesTotal } from './gateway-route-checks.js';
import {
  caCertificateRef,
  group,
  hostname,
  kind,
  name,
  namespace,
  parentRefsShape,
  requestHeaderModifier,
  requestMirror,
  sectionName,
  sessionPersistenceShape,
} from './gateway-shared.js';
import { intWith, list, nullable, obj, oneOf, strWith } from './shape.js';

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
      backendRefs: list(
        obj(
          {
            filters: filters,
            group: nullable(group),
            kind: nullable(kind),
            name: strWith({ min: 1, max: 253 }),
            namespace: namespace,
            port: intWith({ min: 1, max: 65535 }),
            weight: nullable(intWith({ min: 0, max: 1000000 })),
          },
          { required: ['name'], checks: [servicePort] },
        ),
        { max: 16 },
      ),
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
