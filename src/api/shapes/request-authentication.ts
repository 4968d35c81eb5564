/**
 * What a RequestAuthentication may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { durationOf1ms, httpUrl } from './checks.js';
import { selector, targetRef, targetRefs } from './istio-shared.js';
import { bool, list, obj, oneOf, str, strWith } from './shape.js';

/** `spec` of RequestAuthentication. */
export const requestAuthenticationShape = obj(
  {
    jwtRules: list(
      obj(
        {
          audiences: list(strWith({ min: 1 })),
          forwardOriginalToken: bool,
          fromCookies: list(strWith({ min: 1 })),
          fromHeaders: list(obj({ name: strWith({ min: 1 }), prefix: str }, { required: ['name'] })),
          fromParams: list(strWith({ min: 1 })),
          issuer: strWith({ min: 1 }),
          jwks: str,
          jwks_uri: strWith({ min: 1, max: 2048, checks: [httpUrl] }),
          jwksUri: strWith({ min: 1, max: 2048, checks: [httpUrl] }),
          outputClaimToHeaders: list(
            obj({ claim: strWith({ min: 1 }), header: strWith({ min: 1, pattern: '^[-_A-Za-z0-9]+$' }) }, { required: ['header', 'claim'] }),
          ),
          outputPayloadToHeader: str,
          presence: oneOf(['OPTIONAL', 'REQUIRED']),
          spaceDelimitedClaims: list(strWith({ min: 1 }), { max: 64 }),
          timeout: strWith({ checks: [durationOf1ms] }),
        },
        { atMostOne: [['jwksUri', 'jwks_uri', 'jwks']] },
      ),
      { max: 4096 },
    ),
    selector: selector,
    targetRef: targetRef,
    targetRefs: targetRefs,
  },
  { atMostOne: [['selector', 'targetRef', 'targetRefs']] },
);
