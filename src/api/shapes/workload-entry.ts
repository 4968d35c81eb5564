/**
 * What a WorkloadEntry may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { addressOrNetwork, port, portNames, udsAbsolute, udsNotFolder, udsWithoutPorts } from './checks.js';
import { intWith, map, obj, str, strWith, uint32 } from './shape.js';

/** `spec` of WorkloadEntry. */
export const workloadEntryShape = obj(
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
