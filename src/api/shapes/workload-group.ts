/**
 * What a WorkloadGroup may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { port, portNames, udsAbsolute, udsNotFolder, udsWithoutPorts } from './checks.js';
import { intWith, list, map, obj, oneOf, str, strWith, uint32, whole } from './shape.js';

/** `spec` of WorkloadGroup. */
export const workloadGroupShape = obj(
  {
    metadata: obj({ annotations: map(str, { max: 256 }), labels: map(str, { max: 256 }) }),
    probe: obj(
      {
        exec: obj({ command: list(strWith({ min: 1 })) }, { required: ['command'] }),
        failureThreshold: whole,
        grpc: obj({ port: intWith({ min: 0, max: 4294967295, checks: [port] }), service: str }),
        httpGet: obj(
          {
            host: str,
            httpHeaders: list(obj({ name: strWith({ pattern: '^[-_A-Za-z0-9]+$' }), value: str })),
            path: str,
            port: intWith({ min: 0, max: 4294967295, checks: [port] }),
            scheme: oneOf(['', 'HTTP', 'HTTPS']),
          },
          { required: ['port'] },
        ),
        initialDelaySeconds: whole,
        periodSeconds: whole,
        successThreshold: whole,
        tcpSocket: obj({ host: str, port: intWith({ min: 0, max: 4294967295, checks: [port] }) }, { required: ['port'] }),
        timeoutSeconds: whole,
      },
      { atMostOne: [['httpGet', 'tcpSocket', 'exec', 'grpc']] },
    ),
    template: obj(
      {
        address: strWith({ max: 256, checks: [udsAbsolute, udsNotFolder] }),
        labels: map(str, { max: 256 }),
        locality: strWith({ max: 2048 }),
        network: strWith({ max: 2048 }),
        ports: map(intWith({ min: 0, max: 4294967295, checks: [port] }), { max: 128, checks: [portNames] }),
        serviceAccount: strWith({ max: 253 }),
        weight: uint32,
      },
      { checks: [udsWithoutPorts] },
    ),
  },
  { required: ['template'] },
);
