/**
 * What a XBackendTrafficPolicy may hold: fields, types, limits and rules of its CRD. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { upToAnHour } from './gateway-checks.js';
import { caCertificateRef, sessionPersistenceShape } from './gateway-shared.js';
import { intWith, list, nullable, obj, strWith } from './shape.js';

/** `spec` of XBackendTrafficPolicy. */
export const xBackendTrafficPolicyShape = obj(
  {
    retryConstraint: obj({
      budget: nullable(
        obj({
          interval: nullable(strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$', checks: [upToAnHour] })),
          percent: nullable(intWith({ min: 0, max: 100 })),
        }),
      ),
      minRetryRate: nullable(
        obj({
          count: intWith({ min: 1, max: 1000000 }),
          interval: strWith({ pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$', checks: [upToAnHour] }),
        }),
      ),
    }),
    sessionPersistence: sessionPersistenceShape,
    targetRefs: list(caCertificateRef, { min: 1, max: 16, uniqueBy: ['group', 'kind', 'name'] }),
  },
  { required: ['targetRefs'] },
);
