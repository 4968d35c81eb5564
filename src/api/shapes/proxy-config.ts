/**
 * What a ProxyConfig may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */

import { selector } from './istio-shared.js';
import { map, nullable, obj, str, strWith, whole } from './shape.js';

/** `spec` of ProxyConfig. */
export const proxyConfigShape = obj({
  concurrency: nullable(whole),
  environmentVariables: map(strWith({ max: 2048 })),
  image: obj({ imageType: str }),
  selector: selector,
});
