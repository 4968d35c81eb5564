/** Kinds of Kubernetes' Multi-Cluster Services API. https://github.com/kubernetes/enhancements/tree/master/keps/sig-multicluster/1645-multi-cluster-services-api */
import type { Resource } from './resource.js';

/** Its cluster lets others use the Service of its name. */
export type ServiceExport = Resource<'ServiceExport', Readonly<Record<string, unknown>>>;

export interface ServiceImportSpec {
  /** Addresses in its cluster of what all clusters export under its name; none for headless services. */
  readonly ips?: readonly string[];
}

export type ServiceImport = Resource<'ServiceImport', ServiceImportSpec>;
