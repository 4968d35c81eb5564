/**
 * Metadata that names the Istio resource which a filter chain was made from; access logs and EnvoyFilter matches read it.
 */
import type { Metadata } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Partial } from '../proto.js';

/** `kind` in kebab case, `key` is `namespace/name`. The version is the one that Istio's storage uses, whatever the YAML says. */
export function configMetadata(kind: 'sidecar' | 'virtual-service' | 'gateway', key: string): Partial<Metadata> {
  const slash = key.indexOf('/');
  const config = `/apis/networking.istio.io/v1/namespaces/${key.slice(0, slash)}/${kind}/${key.slice(slash + 1)}`;
  return { filterMetadata: { istio: { config } } };
}
