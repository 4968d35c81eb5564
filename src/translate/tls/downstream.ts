/**
 * Certificates of a TLS context that accepts connections: files of the proxy, or what SDS serves workloads. Files come from the agent, which watches
 * them; without an agent Envoy reads them itself. https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto
 */
import type { CertificateValidationContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import type { CommonTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import { type CertificatePair, type CertificateSource, hasAgent, serverFiles } from '../../model/certificate-source.js';
import { ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE } from '../../model/names.js';
import type { Partial } from '../proto.js';
import { fileSecret, workloadSecret } from './sds.js';

type Common = Partial<CommonTlsContext>;
type Conditions = Partial<CertificateValidationContext>;

/** Mutual TLS of the mesh: the workload's certificate and the mesh's trust bundle, or those files that the node names instead (PA-010). */
export function workloadCertificates(source: CertificateSource, conditions: Conditions): Common {
  const { pair, root = '' } = serverFiles(source);
  return { ...fileCertificates(pair === undefined ? [] : [pair], source), ...fileValidation(root, conditions, source) };
}

/** Of no pair: the workload's own certificate. */
export function fileCertificates(pairs: readonly CertificatePair[], source: CertificateSource): Common {
  if (pairs.length === 0) return { tlsCertificateSdsSecretConfigs: [workloadSecret(WORKLOAD_CERTIFICATE, source)] };
  if (hasAgent(source)) {
    return { tlsCertificateSdsSecretConfigs: pairs.map(({ certificate, key }) => fileSecret(`file-cert:${certificate}~${key}`, source)) };
  }
  return { tlsCertificates: pairs.map(({ certificate, key }) => ({ certificateChain: file(certificate), privateKey: file(key) })) };
}

/** Checks clients against the CA in this file, the mesh's own for ''. `pins` hold where Envoy reads the file itself. */
export function fileValidation(ca: string, conditions: Conditions, source: CertificateSource, pins: Conditions = {}): Common {
  if (ca !== '' && !hasAgent(source)) {
    return { validationContextType: { $case: 'validationContext', value: { ...conditions, ...pins, trustedCa: file(ca) } } };
  }
  const secret = ca === '' ? workloadSecret(ROOT_CERTIFICATE, source) : fileSecret(`file-root:${ca}`, source);
  return {
    validationContextType: {
      $case: 'combinedValidationContext',
      value: { defaultValidationContext: conditions, validationContextSdsSecretConfig: secret },
    },
  };
}

const file = (filename: string) => ({ specifier: { $case: 'filename' as const, value: filename } });
