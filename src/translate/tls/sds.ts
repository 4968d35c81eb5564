/**
 * Where Envoy fetches certificates from, for both directions: the workload's own from Istio's agent (cluster `sds-grpc` of its bootstrap)
 * or, for a stock Envoy, from us over ADS; credentials always from us. https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret
 */
import { ApiConfigSource_ApiType, ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import { SdsSecretConfig } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { type CertificateSource, hasAgent, hasCredentialSocket, hasFilesSocket } from '../../model/certificate-source.js';
import type { Backend } from '../../model/extension-providers.js';
import { ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE } from '../../model/names.js';

const SDS_CLUSTER = 'sds-grpc';
/** Of the proxy's bootstrap, where an SDS server for files is mounted. */
const FILES_CLUSTER = 'sds-files-grpc';
/** Where an SDS server for credentials is mounted (GW-017). */
export const EXTERNAL_CLUSTER = 'sds-external';
const EXTERNAL = 'sds://';

/** The workload's certificate (`default`) or the trust bundle (`ROOTCA`). */
export function workloadSecret(name: typeof WORKLOAD_CERTIFICATE | typeof ROOT_CERTIFICATE, certificates: CertificateSource): SdsSecretConfig {
  return hasAgent(certificates) ? serverSecret(name, SDS_CLUSTER, true) : adsSecret(name, true);
}

/** A file of the proxy's own, served by its agent: `file-cert:CERT~KEY`, `file-root:CA`. */
export const fileSecret = (name: string, certificates: CertificateSource): SdsSecretConfig =>
  serverSecret(name, hasFilesSocket(certificates) ? FILES_CLUSTER : SDS_CLUSTER, false);

/**
 * A credential by `credentialName`, served by us. A bare name is a Secret in the proxy's namespace. There is no initial fetch
 * timeout of zero here: a credential that does not exist must not hold back the rest of the configuration for ever. `sds://NAME` is for
 * an SDS server of the user's: the one whose socket is mounted into the proxy, else `provider`, else us.
 */
export function credentialSecret(credentialName: string, certificates: CertificateSource, provider?: Backend): SdsSecretConfig {
  if (credentialName === 'builtin://') return workloadSecret(WORKLOAD_CERTIFICATE, certificates);
  if (credentialName === 'builtin://-cacert') return workloadSecret(ROOT_CERTIFICATE, certificates);
  if (credentialName.startsWith(EXTERNAL)) {
    if (hasCredentialSocket(certificates)) return serverSecret(credentialName, EXTERNAL_CLUSTER, false);
    if (provider !== undefined) return serverSecret(credentialName.slice(EXTERNAL.length), provider.cluster, false, provider.hostname);
  }
  return adsSecret(credentialResourceName(credentialName), false);
}

/** The SDS resource name of a credentialName. */
export function credentialResourceName(credentialName: string): string {
  const name = credentialName.startsWith(EXTERNAL) ? credentialName.slice(EXTERNAL.length) : credentialName;
  if (name.startsWith('builtin://')) return WORKLOAD_CERTIFICATE;
  if (name.startsWith('invalid://')) return 'invalid://';
  return /^(configmap|kubernetes|kubernetes-gateway):\/\//.test(name) ? name : `kubernetes://${name}`;
}

function serverSecret(name: string, clusterName: string, waitForEver: boolean, authority = ''): SdsSecretConfig {
  return SdsSecretConfig.fromPartial({
    name,
    sdsConfig: {
      configSourceSpecifier: {
        $case: 'apiConfigSource',
        value: {
          apiType: ApiConfigSource_ApiType.GRPC,
          setNodeOnFirstMessageOnly: true,
          transportApiVersion: ApiVersion.V3,
          grpcServices: [{ targetSpecifier: { $case: 'envoyGrpc', value: { clusterName, authority } } }],
        },
      },
      ...(waitForEver ? { initialFetchTimeout: {} } : {}),
      resourceApiVersion: ApiVersion.V3,
    },
  });
}

function adsSecret(name: string, waitForEver: boolean): SdsSecretConfig {
  return SdsSecretConfig.fromPartial({
    name,
    sdsConfig: {
      configSourceSpecifier: { $case: 'ads', value: {} },
      ...(waitForEver ? { initialFetchTimeout: {} } : {}),
      resourceApiVersion: ApiVersion.V3,
    },
  });
}
