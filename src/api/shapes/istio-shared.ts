/**
 * Messages that several kinds of this API share. Fields, limits and rules as in the CRDs of https://istio.io/latest/docs/reference/config/
 */
import {
  addressOrNetwork,
  durationOf1ms,
  hostEnvWithoutValue,
  keysNotEmpty,
  keysNoWildcard,
  mustBeEmpty,
  noWildcard,
  port,
  portNames,
  udsAbsolute,
  udsNotFolder,
  udsWithoutPorts,
} from './checks.js';
import { bool, int, intWith, list, map, nullable, obj, oneOf, str, strWith, uint32 } from './shape.js';

export const connectionPool = obj({
  http: obj({
    h2UpgradePolicy: oneOf(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE']),
    http1MaxPendingRequests: int,
    http2KeepAlive: obj({ interval: strWith({ checks: [durationOf1ms] }), timeout: strWith({ checks: [durationOf1ms] }) }),
    http2MaxRequests: int,
    idleTimeout: strWith({ checks: [durationOf1ms] }),
    maxConcurrentStreams: int,
    maxRequestsPerConnection: int,
    maxRetries: int,
    useClientProtocol: bool,
  }),
  tcp: obj({
    connectTimeout: strWith({ checks: [durationOf1ms] }),
    idleTimeout: str,
    maxConnectionDuration: strWith({ checks: [durationOf1ms] }),
    maxConnections: int,
    tcpKeepalive: obj({ interval: strWith({ checks: [durationOf1ms] }), probes: uint32, time: strWith({ checks: [durationOf1ms] }) }),
  }),
});
export const destination = obj({ host: str, port: obj({ number: uint32 }), subset: str }, { required: ['host'] });
export const endpoint = obj(
  {
    address: strWith({ max: 256, checks: [udsAbsolute, udsNotFolder] }),
    labels: map(str, { max: 256 }),
    locality: strWith({ max: 2048 }),
    network: strWith({ max: 2048 }),
    ports: map(intWith({ min: 0, max: 4294967295, checks: [port] }), { max: 128, checks: [portNames] }),
    serviceAccount: strWith({ max: 253 }),
    weight: uint32,
  },
  { checks: [addressOrNetwork, udsWithoutPorts] },
);
export const failStrategy = oneOf(['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD']);
export const imagePullPolicy = oneOf(['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always']);
export const matchShape = list(
  obj({
    mode: oneOf(['UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER']),
    ports: list(obj({ number: intWith({ min: 1, max: 65535 }) }, { required: ['number'] }), { uniqueBy: ['number'] }),
  }),
);
export const maxProtocolVersion = oneOf(['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3']);
export const phase = oneOf(['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS']);
export const selector = obj({ matchLabels: map(strWith({ max: 63, checks: [noWildcard] }), { max: 4096, checks: [keysNoWildcard, keysNotEmpty] }) });
export const targetRef = obj(
  {
    group: strWith({ max: 253, pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' }),
    kind: strWith({ min: 1, max: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' }),
    name: strWith({ min: 1, max: 253 }),
    namespace: strWith({ checks: [mustBeEmpty] }),
  },
  { required: ['kind', 'name'] },
);
export const targetRefs = list(targetRef, { max: 16 });
export const tls = obj(
  {
    caCertCredentialName: str,
    caCertificates: str,
    caCrl: str,
    cipherSuites: list(str),
    credentialName: str,
    credentialNames: list(str, { min: 1, max: 2 }),
    ecdhCurves: list(str),
    httpsRedirect: bool,
    insecureSkipVerify: nullable(bool),
    maxProtocolVersion: maxProtocolVersion,
    minProtocolVersion: maxProtocolVersion,
    mode: oneOf(['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL']),
    privateKey: str,
    serverCertificate: str,
    subjectAltNames: list(str),
    tlsCertificates: list(obj({ caCertificates: str, privateKey: str, serverCertificate: str }), { min: 1, max: 2 }),
    verifyCertificateHash: list(str),
    verifyCertificateSpki: list(str),
  },
  {
    atMostOne: [
      ['tlsCertificates', 'credentialNames'],
      ['credentialName', 'credentialNames'],
      ['credentialNames', 'tlsCertificates'],
    ],
  },
);
export const type = oneOf(['UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK']);
export const vmConfig = obj({
  env: list(
    obj(
      { name: strWith({ min: 1, max: 256 }), value: strWith({ max: 2048 }), valueFrom: oneOf(['INLINE', 'HOST']) },
      { required: ['name'], checks: [hostEnvWithoutValue] },
    ),
    { max: 256, uniqueBy: ['name'] },
  ),
});
export const workloadSelector = obj({ labels: map(strWith({ max: 63, checks: [noWildcard] }), { max: 256 }) });
