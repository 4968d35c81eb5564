/**
 * WasmPlugin, TrafficExtension and ProxyConfig: their CRDs say nearly everything.
 * https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/
 */
import type { ProxyConfigResource, TrafficExtension, WasmPlugin } from '../api/extensions.js';
import { wasmUrl } from '../api/shapes/checks.js';
import type { Findings } from './findings.js';
import { validateSelection } from './selector.js';

export function validateWasmPlugin(row: WasmPlugin, findings: Findings): void {
  validateSelection(row.spec, findings);
  findings.at('url').check(row.spec.url === '' ? 'must be set' : wasmUrl(row.spec.url));
}

export function validateTrafficExtension(row: TrafficExtension, findings: Findings): void {
  validateSelection(row.spec, findings);
  const code = row.spec.lua?.inlineCode;
  if (code !== undefined && Buffer.byteLength(code) > 65536) findings.at('lua', 'inlineCode').error('must have 64 KiB at most');
}

export function validateProxyConfig(row: ProxyConfigResource, findings: Findings): void {
  validateSelection(row.spec.selector === undefined ? {} : { selector: row.spec.selector }, findings);
}
