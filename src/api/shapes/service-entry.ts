/**
 * What a ServiceEntry may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { cidrResolution, noneWithoutEndpoints, notStar, port, roundRobinEndpoint, uniqueNumbers } from './checks.js';
import { endpoint, workloadSelector } from './istio-shared.js';
import { intWith, list, obj, oneOf, str, strWith } from './shape.js';

/** `spec` of ServiceEntry. */
export const serviceEntryShape = obj(
  {
    addresses: list(strWith({ max: 64 }), { max: 256 }),
    endpoints: list(endpoint, { max: 4096 }),
    exportTo: list(str),
    hosts: list(strWith({ checks: [notStar] }), { min: 1, max: 256 }),
    location: oneOf(['MESH_EXTERNAL', 'MESH_INTERNAL']),
    ports: list(
      obj(
        {
          name: strWith({ max: 256 }),
          number: intWith({ min: 0, max: 4294967295, checks: [port] }),
          protocol: strWith({ max: 256 }),
          targetPort: intWith({ min: 0, max: 4294967295, checks: [port] }),
        },
        { required: ['number', 'name'] },
      ),
      { max: 256, uniqueBy: ['name'], checks: [uniqueNumbers] },
    ),
    resolution: oneOf(['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS']),
    subjectAltNames: list(str),
    workloadSelector: workloadSelector,
  },
  { required: ['hosts'], atMostOne: [['workloadSelector', 'endpoints']], checks: [cidrResolution, noneWithoutEndpoints, roundRobinEndpoint] },
);
