/**
 * What a TrafficExtension may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { wasmUrl } from './checks.js';
import { failStrategy, imagePullPolicy, matchShape, phase, selector, targetRefs, type, vmConfig } from './istio-shared.js';
import { any, int, nullable, obj, str, strWith } from './shape.js';

/** `spec` of TrafficExtension. */
export const trafficExtensionShape = obj(
  {
    lua: obj({ inlineCode: strWith({ min: 1, max: 65536 }) }, { required: ['inlineCode'] }),
    match: matchShape,
    phase: phase,
    priority: nullable(int),
    selector: selector,
    targetRefs: targetRefs,
    wasm: obj(
      {
        failStrategy: failStrategy,
        imagePullPolicy: imagePullPolicy,
        imagePullSecret: strWith({ min: 1, max: 253 }),
        pluginConfig: nullable(any),
        pluginName: strWith({ min: 1, max: 256 }),
        sha256: strWith({ pattern: '(^$|^[a-f0-9]{64}$)' }),
        type: type,
        url: strWith({ min: 1, checks: [wasmUrl] }),
        verificationKey: str,
        vmConfig: vmConfig,
      },
      { required: ['url'] },
    ),
  },
  {
    atMostOne: [
      ['selector', 'targetRefs'],
      ['wasm', 'lua'],
    ],
    exactlyOne: [['wasm', 'lua']],
  },
);
