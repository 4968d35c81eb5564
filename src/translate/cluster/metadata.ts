/**
 * Entries of `metadata.filter_metadata.istio` that clusters share (envoy-shapes §5).
 */
import type { Service } from '../../model/service.js';

/** Names a service for telemetry. */
export const serviceMetadata = (service: Pick<Service, 'hostname' | 'name' | 'namespace'>): Record<string, string> => ({
  host: service.hostname,
  name: service.name,
  namespace: service.namespace,
});

/** Names a service for metrics of stock Envoys, whose formats cannot look into lists. */
export const serviceFacts = (service: Pick<Service, 'hostname' | 'name' | 'namespace'>): Record<string, string> => ({
  service_host: service.hostname,
  service_name: service.name,
  service_namespace: service.namespace,
});

/** Where the DestinationRule behind a cluster can be found in Kubernetes. */
export const ruleConfigPath = (rule: { readonly namespace: string; readonly name: string }): string =>
  `/apis/networking.istio.io/v1/namespaces/${rule.namespace}/destination-rule/${rule.name}`;
