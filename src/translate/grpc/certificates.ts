/**
 * TLS of gRPC clients and servers: certificates come from the providers of their own bootstrap, never over SDS (XD-025). The provider's
 * and the certificates' names are those that istio-agent writes. https://github.com/grpc/proposal/blob/master/A29-xds-tls-security.md
 */
import type { CommonTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { Partial } from '../proto.js';

const workload = { instanceName: 'default', certificateName: 'default' };
const root = { instanceName: 'default', certificateName: 'ROOTCA' };

/** Own certificate and trusted roots. Both the current fields and those that older gRPC libraries read. */
export function providerTlsContext(subjectAltNames: readonly string[] = []): Partial<CommonTlsContext> {
  return {
    tlsCertificateProviderInstance: workload,
    tlsCertificateCertificateProviderInstance: workload,
    validationContextType: {
      $case: 'combinedValidationContext',
      value: {
        validationContextCertificateProviderInstance: root,
        defaultValidationContext: {
          caCertificateProviderInstance: root,
          matchSubjectAltNames: subjectAltNames.map((value) => ({ matchPattern: { $case: 'exact' as const, value } })),
        },
      },
    },
  };
}

/** The only name of a transport socket that gRPC takes. */
export const TLS_SOCKET = 'envoy.transport_sockets.tls';
