/**
 * Pins of a client's certificate: it must have one of these digests (GW-019).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/common.proto#extensions-transport-sockets-tls-v3-certificatevalidationcontext
 */
import type { CertificateValidationContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import type { ServerTLSSettings } from '../../api/istio.js';
import { isCertificatePin, isPublicKeyPin } from '../../model/certificate-pins.js';
import type { Partial } from '../proto.js';

/** The digest of nothing that has a key: it keeps a list of pins closed of which none can be read. Envoy would refuse the listener for one. */
const NOTHING = Buffer.alloc(32).toString('base64');

export function pins({ verifyCertificateSpki = [], verifyCertificateHash = [] }: ServerTLSSettings): Partial<CertificateValidationContext> {
  const keys = verifyCertificateSpki.filter(isPublicKeyPin);
  const certificates = verifyCertificateHash.filter(isCertificatePin);
  const asked = verifyCertificateSpki.length + verifyCertificateHash.length;
  return {
    verifyCertificateSpki: asked > 0 && keys.length + certificates.length === 0 ? [NOTHING] : keys,
    verifyCertificateHash: certificates,
  };
}
