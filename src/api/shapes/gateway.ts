/**
 * What a Gateway may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */

import { tls } from './istio-shared.js';
import { list, map, obj, str, uint32 } from './shape.js';

/** `spec` of Gateway. */
export const gatewayShape = obj({
  selector: map(str),
  servers: list(
    obj(
      {
        bind: str,
        defaultEndpoint: str,
        hosts: list(str),
        name: str,
        port: obj({ name: str, number: uint32, protocol: str, targetPort: uint32 }, { required: ['number', 'protocol', 'name'] }),
        tls: tls,
      },
      { required: ['port', 'hosts'] },
    ),
  ),
});
