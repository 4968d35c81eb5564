/**
 * Statistics names by pattern: `outboundClusterStatName`, `inboundClusterStatName` and listeners' stat prefixes (MC-027).
 */
import type { Port, Service } from '../../model/service.js';

export interface StatNameParts {
  readonly service: Pick<Service, 'hostname' | 'name' | 'namespace' | 'registry'>;
  readonly port: Pick<Port, 'name' | 'port'>;
  readonly subset: string;
  /** 0 for outbound names, as in the reference. */
  readonly targetPort: number;
}

/** Fills in a pattern such as `%SERVICE%.%SERVICE_PORT%`. Only Kubernetes names have a short form. */
export function statName(pattern: string, { service, port, subset, targetPort }: StatNameParts): string {
  const isKubernetes = service.registry === 'Kubernetes';
  const values: Readonly<Record<string, string>> = {
    '%SERVICE%': isKubernetes ? `${service.name}.${service.namespace}` : service.hostname,
    '%SERVICE_NAME%': isKubernetes ? service.name : service.hostname,
    '%SERVICE_FQDN%': service.hostname,
    '%SUBSET_NAME%': subset,
    '%TARGET_PORT%': String(targetPort),
    '%SERVICE_PORT%': String(port.port),
    '%SERVICE_PORT_NAME%': port.name,
  };
  return pattern.replace(/%[A-Z_]+%/g, (variable) => values[variable] ?? variable);
}
