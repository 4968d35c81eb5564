/**
 * MeshConfig.defaultConfig.privateKeyProvider and no proxy that has it (GW-036): a stock Envoy is built without contrib extensions, and gets its keys
 * as ever. https://www.envoyproxy.io/docs/envoy/latest/start/install#contrib-images
 */
import { perRow } from './check.js';

export const keyProviders = perRow('key-providers', 'MeshConfig', ({ mesh }, row) => {
  const asked = row.spec.defaultConfig?.privateKeyProvider ?? {};
  const name = (['cryptomb', 'qat'] as const).find((one) => asked[one] !== undefined && asked[one] !== null);
  const has = [...mesh.rows.proxies.list().values()].some(({ keyProviders: found = [] }) => name !== undefined && found.includes(name));
  if (name === undefined || has) return [];
  return [
    {
      severity: 'warning',
      code: 'no-effect',
      message: `has no effect: no connected proxy was built with Envoy's contrib extension ${name}; a stock Envoy works with private keys by itself`,
      at: { row, path: ['defaultConfig', 'privateKeyProvider'] },
    },
  ];
});
