/**
 * What a BackendTLSPolicy may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { caOrWellKnown, subjectAltName, targetRefsDistinct } from './gateway-checks.js';
import { caCertificateRef, group, hostname, kind, sectionName } from './gateway-shared.js';
import { list, map, obj, oneOf, strWith } from './shape.js';

/** `spec` of BackendTLSPolicy. */
export const backendTLSPolicyShape = obj(
  {
    options: map(strWith({ min: 0, max: 4096 }), { max: 16 }),
    targetRefs: list(
      obj({ group: group, kind: kind, name: strWith({ min: 1, max: 253 }), sectionName: sectionName }, { required: ['group', 'kind', 'name'] }),
      { min: 1, max: 16, checks: [targetRefsDistinct] },
    ),
    validation: obj(
      {
        caCertificateRefs: list(caCertificateRef, { max: 8 }),
        hostname: sectionName,
        subjectAltNames: list(
          obj(
            {
              hostname: hostname,
              type: oneOf(['Hostname', 'URI']),
              uri: strWith({ min: 1, max: 253, pattern: '^(([^:/?#]+):)(//([^/?#]*))([^?#]*)(\\?([^#]*))?(#(.*))?' }),
            },
            { required: ['type'], checks: [subjectAltName] },
          ),
          { max: 5 },
        ),
        wellKnownCACertificates: strWith({
          min: 1,
          max: 253,
          pattern: '^(System|([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]))$',
        }),
      },
      { required: ['hostname'], checks: [caOrWellKnown] },
    ),
  },
  { required: ['targetRefs', 'validation'] },
);
