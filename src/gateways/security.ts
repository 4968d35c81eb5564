/** The security context of a managed Gateway's pods: low ports for a process that is not root. */
import type { PodSpec } from '../injection/pod.js';
import type { TemplateInput } from '../injection/template-input.js';
import { UNPRIVILEGED_PORTS } from '../injection/templates/gateway.js';
import { seccomp } from '../injection/templates/init-container.js';

export function gatewaySecurity({ values }: TemplateInput): NonNullable<PodSpec['securityContext']> {
  const { securityContext, seccompProfile } = values.gateways;
  return Object.keys(securityContext ?? {}).length > 0 ? securityContext : { ...UNPRIVILEGED_PORTS, ...seccomp(seccompProfile) };
}
