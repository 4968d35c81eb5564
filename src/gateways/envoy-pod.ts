/** Pods of managed Gateways with a stock Envoy and no agent: the template envoy-gateway of injection, whole. */
import { PROXY_CONTAINER } from '../injection/pod.js';
import type { TemplateInput } from '../injection/template-input.js';
import { envoyGatewayTemplate } from '../injection/templates/envoy.js';
import type { GatewayPod } from './istio-pod.js';
import { gatewaySecurity } from './security.js';

const STATUS_PORT = { containerPort: 15021, name: 'status-port', protocol: 'TCP' };

export function envoyPod(input: TemplateInput): GatewayPod {
  const { metadata, spec = {} } = envoyGatewayTemplate(input);
  const { 'istio.io/rev': _, ...annotations } = metadata?.annotations ?? {};
  const containers = (spec.containers ?? []).map((container) =>
    container.name === PROXY_CONTAINER ? { ...container, ports: [STATUS_PORT, ...(container.ports ?? [])] } : container,
  );
  return { annotations, spec: { ...spec, securityContext: gatewaySecurity(input), containers } };
}
