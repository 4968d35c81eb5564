/**
 * What a WasmPlugin may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { wasmUrl } from './checks.js';
import { failStrategy, imagePullPolicy, matchShape, selector, targetRef, targetRefs, type, vmConfig } from './istio-shared.js';
import { any, int, nullable, obj, oneOf, str, strWith } from './shape.js';

/** `spec` of WasmPlugin. */
export const wasmPluginShape = obj(
  {
    failStrategy: failStrategy,
    imagePullPolicy: imagePullPolicy,
    imagePullSecret: strWith({ min: 1, max: 253 }),
    match: matchShape,
    phase: oneOf(['UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS']),
    pluginConfig: nullable(any),
    pluginName: strWith({ min: 1, max: 256 }),
    priority: nullable(int),
    selector: selector,
    sha256: strWith({ pattern: '(^$|^[a-f0-9]{64}$)' }),
    targetRef: targetRef,
    targetRefs: targetRefs,
    type: type,
    url: strWith({ min: 1, checks: [wasmUrl] }),
    verificationKey: str,
    vmConfig: vmConfig,
  },
  { required: ['url'], atMostOne: [['selector', 'targetRef', 'targetRefs']] },
);
