/**
 * What a Sidecar may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */

import { connectionPool, destination, tls, workloadSelector } from './istio-shared.js';
import { list, obj, oneOf, str, uint32 } from './shape.js';

const captureMode = oneOf(['DEFAULT', 'IPTABLES', 'NONE']);
const portShape = obj({ name: str, number: uint32, protocol: str, targetPort: uint32 });

/** `spec` of Sidecar. */
export const sidecarShape = obj({
  egress: list(obj({ bind: str, captureMode: captureMode, hosts: list(str), port: portShape }, { required: ['hosts'] })),
  inboundConnectionPool: connectionPool,
  ingress: list(
    obj(
      { bind: str, captureMode: captureMode, connectionPool: connectionPool, defaultEndpoint: str, port: portShape, tls: tls },
      { required: ['port'] },
    ),
  ),
  outboundTrafficPolicy: obj({ egressProxy: destination, mode: oneOf(['REGISTRY_ONLY', 'ALLOW_ANY']) }),
  workloadSelector: workloadSelector,
});
