/**
 * Messages that several kinds of this API share. Fields, limits and rules as in the CRDs of https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { headerName } from '../header-text.js';
import { distinctListeners, listenerTls, parentRefs, servicePort, terminateHasCertificates, uniqueNames } from './gateway-checks.js';
import { fraction, percentOrFraction, sessionPersistence } from './gateway-route-checks.js';
import { intWith, list, map, nullable, obj, oneOf, type Shape, str, strWith, whole } from './shape.js';

export const name = strWith({ min: 1, max: 256, pattern: "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$" });
/** What Envoy takes as the value of a header; releases of the CRDs say nothing of it. */
export const headerValue = strWith({ min: 1, max: 4096, pattern: '^[^\\u0000-\\u0008\\u000A-\\u001F\\u007F]*$' });
export const add = list(obj({ name: name, value: headerValue }, { required: ['name', 'value'] }), { max: 16, uniqueBy: ['name'] });
export const group = strWith({ max: 253, pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' });
/** Fields that the definitions have a default for may stand there without a value: `nullable`. */
export const kind = strWith({ min: 1, max: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' });
export const namespace = strWith({ min: 1, max: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' });
export const backendRef = obj(
  { group: nullable(group), kind: nullable(kind), name: strWith({ min: 1, max: 253 }), namespace: namespace, port: intWith({ min: 1, max: 65535 }) },
  { required: ['name'], checks: [servicePort] },
);
export const caCertificateRef = obj({ group: group, kind: kind, name: strWith({ min: 1, max: 253 }) }, { required: ['group', 'kind', 'name'] });
export const certificateRef = obj(
  { group: nullable(group), kind: nullable(kind), name: strWith({ min: 1, max: 253 }), namespace: namespace },
  { required: ['name'] },
);
export const hostname = strWith({ min: 1, max: 253, pattern: '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' });
export const sectionName = strWith({ min: 1, max: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' });
export const selector = obj({
  matchExpressions: list(obj({ key: str, operator: str, values: list(str) }, { required: ['key', 'operator'] })),
  matchLabels: map(str),
});
export const listeners = list(
  obj(
    {
      allowedRoutes: nullable(
        obj({
          kinds: list(obj({ group: nullable(group), kind: kind }, { required: ['kind'] }), { max: 8 }),
          namespaces: nullable(obj({ from: nullable(oneOf(['All', 'Selector', 'Same'])), selector: selector })),
        }),
      ),
      hostname: hostname,
      name: sectionName,
      port: intWith({ min: 1, max: 65535 }),
      protocol: strWith({
        min: 1,
        max: 255,
        pattern: '^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+$',
      }),
      tls: obj(
        {
          certificateRefs: list(certificateRef, { max: 64 }),
          mode: nullable(oneOf(['Terminate', 'Passthrough'])),
          options: map(strWith({ min: 0, max: 4096 }), { max: 16 }),
        },
        { checks: [terminateHasCertificates] },
      ),
    },
    { required: ['name', 'port', 'protocol'] },
  ),
  { min: 1, max: 64, uniqueBy: ['name'], checks: [listenerTls, uniqueNames, distinctListeners] },
);
export const parametersRef = obj(
  { group: group, kind: kind, name: strWith({ min: 1, max: 253 }), namespace: namespace },
  { required: ['group', 'kind', 'name'] },
);
export const parentRefsShape = list(
  obj(
    {
      group: nullable(group),
      kind: nullable(kind),
      name: strWith({ min: 1, max: 253 }),
      namespace: namespace,
      port: intWith({ min: 1, max: 65535 }),
      sectionName: sectionName,
    },
    { required: ['name'] },
  ),
  { max: 32, checks: [parentRefs] },
);
export const requestHeaderModifier = obj({ add: add, remove: list(strWith({ checks: [headerName] }), { max: 16, uniqueBy: [] }), set: add });
export const requestMirror = obj(
  {
    backendRef: backendRef,
    fraction: obj({ denominator: nullable(intWith({ min: 1, max: 2147483647 })), numerator: whole }, { required: ['numerator'], checks: [fraction] }),
    percent: intWith({ min: 0, max: 100 }),
  },
  { required: ['backendRef'], checks: [percentOrFraction] },
);
/** A backend of a route's rule. `more`: fields that only this kind of route has. */
export const weightedBackendRef = (more: Record<string, Shape> = {}): Shape =>
  obj(
    {
      ...more,
      group: nullable(group),
      kind: nullable(kind),
      name: strWith({ min: 1, max: 253 }),
      namespace: namespace,
      port: intWith({ min: 1, max: 65535 }),
      weight: nullable(intWith({ min: 0, max: 1000000 })),
    },
    { required: ['name'], checks: [servicePort] },
  );
export const rules = list(
  obj(
    {
      backendRefs: list(weightedBackendRef(), { min: 1, max: 16 }),
      name: sectionName,
    },
    // Required, and one rule only, from v1 on: v1alpha2 has neither limit.
  ),
  { min: 1, max: 16 },
);
export const sessionPersistenceShape = obj(
  {
    absoluteTimeout: strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }),
    // Releases up to 1.6 have sessionName and cookieConfig (and idleTimeout, up to 1.5), later ones cookie and header.
    cookieConfig: obj({ lifetimeType: nullable(oneOf(['Permanent', 'Session'])) }),
    idleTimeout: strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }),
    sessionName: strWith({ max: 128 }),
    cookie: obj({ lifetimeType: nullable(oneOf(['Permanent', 'Session'])), name: name, path: strWith({ max: 1024 }) }),
    header: obj({ name: name }, { required: ['name'] }),
    type: nullable(oneOf(['Cookie', 'Header'])),
  },
  { checks: [sessionPersistence] },
);
