/**
 * Secrets by name for one proxy (XD-019): its own certificate, and what its identity is entitled to.
 */
import type { Mesh } from '../model/mesh.js';
import type { EncodedResource } from './encode.js';

export interface SecretViews {
  secret(proxyKey: string, name: string): EncodedResource | undefined;
}

export function defineSecretViews(_mesh: Mesh): SecretViews {
  return { secret: () => undefined };
}
