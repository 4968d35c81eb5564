/**
 * What a DestinationRule may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { anyDuration, durationOf1ms } from './checks.js';
import { connectionPool, selector } from './istio-shared.js';
import { bool, int, intWith, list, map, nullable, numWith, obj, oneOf, str, strWith, uint32 } from './shape.js';

const failover = list(obj({ from: str, to: str }));
/** Also of MeshConfig. */
export const localityLbSetting = obj({
  distribute: list(obj({ from: str, to: map(uint32) })),
  enabled: nullable(bool),
  failover: failover,
  failoverPriority: list(str),
});
/** Also of MeshConfig. */
export const zoneAwareLbSetting = obj({
  enabled: nullable(bool),
  failover: failover,
  failoverPriority: list(str),
  minClusterSize: intWith({ nullable: true, min: 1, max: 4294967295 }),
});
const loadBalancer = obj(
  {
    backendUtilization: obj({
      errorUtilizationPenaltyPercent: uint32,
      metricNamesForComputingUtilization: list(str),
      weightExpirationPeriod: str,
      weightStabilizationPeriod: str,
      weightUpdatePeriod: str,
    }),
    consistentHash: obj(
      {
        httpCookie: obj(
          { attributes: list(obj({ name: str, value: str }, { required: ['name'] })), name: str, path: str, ttl: strWith({ checks: [anyDuration] }) },
          { required: ['name'] },
        ),
        httpHeaderName: str,
        httpQueryParameterName: str,
        maglev: obj({ tableSize: intWith({ min: 0 }) }),
        minimumRingSize: intWith({ min: 0 }),
        ringHash: obj({ minimumRingSize: intWith({ min: 0 }) }),
        useSourceIp: bool,
      },
      {
        atMostOne: [
          ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'],
          ['ringHash', 'maglev'],
        ],
      },
    ),
    localityLbSetting,
    simple: oneOf(['UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST']),
    warmup: obj(
      {
        aggression: numWith({ nullable: true, min: 0 }),
        duration: strWith({ checks: [durationOf1ms] }),
        minimumPercent: numWith({ nullable: true, min: 0, max: 100 }),
      },
      { required: ['duration'] },
    ),
    warmupDurationSecs: strWith({ checks: [durationOf1ms] }),
    zoneAwareLbSetting,
  },
  { atMostOne: [['simple', 'consistentHash', 'backendUtilization']] },
);
/** Also of MeshConfig.defaultTrafficPolicy. */
export const outlierDetection = obj({
  baseEjectionTime: strWith({ checks: [durationOf1ms] }),
  consecutive5xxErrors: nullable(uint32),
  consecutiveErrors: int,
  consecutiveGatewayErrors: nullable(uint32),
  consecutiveLocalOriginFailures: nullable(uint32),
  interval: strWith({ checks: [durationOf1ms] }),
  maxEjectionPercent: int,
  minHealthPercent: int,
  outlierDetectionHttpErrorCodes: list(intWith({ min: 100, max: 599 })),
  splitExternalLocalOriginErrors: bool,
});
export const clientTls = obj({
  caCertificates: str,
  caCrl: str,
  clientCertificate: str,
  credentialName: str,
  insecureSkipVerify: nullable(bool),
  mode: oneOf(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']),
  privateKey: str,
  sni: str,
  subjectAltNames: list(str),
});
const trafficPolicy = obj({
  connectionPool: connectionPool,
  loadBalancer: loadBalancer,
  outlierDetection: outlierDetection,
  portLevelSettings: list(
    obj({
      connectionPool: connectionPool,
      loadBalancer: loadBalancer,
      outlierDetection: outlierDetection,
      port: obj({ number: uint32 }),
      tls: clientTls,
    }),
    { max: 4096 },
  ),
  proxyProtocol: obj({ version: oneOf(['V1', 'V2']) }),
  retryBudget: obj({ budgetInterval: str, minRetryConcurrency: uint32, percent: numWith({ nullable: true, min: 0, max: 100 }) }),
  tls: clientTls,
  tunnel: obj({ protocol: str, targetHost: str, targetPort: uint32 }, { required: ['targetHost', 'targetPort'] }),
});

/** `spec` of DestinationRule. */
export const destinationRuleShape = obj(
  {
    exportTo: list(str),
    host: str,
    subsets: list(obj({ labels: map(str), name: str, trafficPolicy: trafficPolicy }, { required: ['name'] })),
    trafficPolicy: trafficPolicy,
    workloadSelector: selector,
  },
  { required: ['host'] },
);
