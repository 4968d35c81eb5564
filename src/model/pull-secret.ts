/** Credentials of image registries that extensions name (EX-004). https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets */
import type { TrafficExtension } from '../api/extensions.js';
import type { Secret } from '../api/kubernetes.js';

const TYPE = 'kubernetes.io/dockerconfigjson';
const KEY = '.dockerconfigjson';

/** The Secret's key `namespace/name`, always in the extension's own namespace; undefined when it names none. */
export function pullSecretKey({ metadata, spec }: TrafficExtension): string | undefined {
  const name = spec.wasm?.imagePullSecret;
  return name ? `${metadata.namespace}/${name.slice(name.lastIndexOf('/') + 1)}` : undefined;
}

/** The registry's settings as JSON; '' for a Secret that is missing or of another type. */
export function pullSecretOf(secret: Secret | undefined): string {
  if (secret?.spec.type !== TYPE) return '';
  const plain = secret.spec.stringData?.[KEY];
  return plain ?? Buffer.from(secret.spec.data?.[KEY] ?? '', 'base64').toString();
}
