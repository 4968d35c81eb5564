/**
 * The templates by name (IN-005) and those that users add (IN-023): overlays in YAML, merged over the pod as Kubernetes merges patches.
 * Istio's are programs in Go's template language; of those, only the built-in ones exist here, as functions.
 */
import { parse } from 'yaml';
import type { Overlay, Template } from '../template-input.js';
import { envoyGatewayTemplate, envoyTemplate } from './envoy.js';
import { gatewayTemplate } from './gateway.js';
import { grpcAgentTemplate, grpcSimpleTemplate } from './grpc.js';
import { sidecarTemplate } from './sidecar.js';

export const BUILT_IN: Readonly<Record<string, Template>> = {
  sidecar: sidecarTemplate,
  gateway: gatewayTemplate,
  'grpc-agent': grpcAgentTemplate,
  'grpc-simple': grpcSimpleTemplate,
  envoy: envoyTemplate,
  'envoy-gateway': envoyGatewayTemplate,
};

/** @throws Error that says what is wrong with the text. */
export function userTemplate(name: string, text: string): Template {
  if (text.includes('{{'))
    throw new Error(`template ${name}: holds {{ }}: templates are plain YAML overlays here, not programs in Go's template language`);
  let overlay: unknown;
  try {
    overlay = parse(text) ?? {};
  } catch (error) {
    throw new Error(`template ${name}: ${(error as Error).message}`);
  }
  if (typeof overlay !== 'object' || overlay === null || Array.isArray(overlay))
    throw new Error(`template ${name}: is no mapping with metadata and spec`);
  const unknown = Object.keys(overlay).find((key) => !['metadata', 'spec', 'apiVersion', 'kind'].includes(key));
  if (unknown !== undefined) throw new Error(`template ${name}: ${unknown}: a pod has metadata and spec`);
  return () => structuredClone(overlay) as Overlay;
}
