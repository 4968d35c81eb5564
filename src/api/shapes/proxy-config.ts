/**
 * What a ProxyConfig may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */

import { selector } from './istio-shared.js';
import { intWith, map, obj, str, strWith } from './shape.js';

/** `spec` of ProxyConfig. */
export const proxyConfigShape = obj({
  concurrency: intWith({ nullable: true, min: 0 }),
  environmentVariables: map(strWith({ max: 2048 })),
  image: obj({ imageType: str }),
  selector: selector,
});
