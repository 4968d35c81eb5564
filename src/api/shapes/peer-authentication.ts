/**
 * What a PeerAuthentication may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { portKeys, portMtlsNeedsSelector } from './checks.js';
import { selector } from './istio-shared.js';
import { map, obj, oneOf } from './shape.js';

/** `spec` of PeerAuthentication. */
export const peerAuthenticationShape = obj(
  {
    mtls: obj({ mode: oneOf(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']) }),
    portLevelMtls: map(obj({ mode: oneOf(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']) }), { min: 1, checks: [portKeys] }),
    selector: selector,
  },
  { checks: [portMtlsNeedsSelector] },
);
