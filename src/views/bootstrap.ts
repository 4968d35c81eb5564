/**
 * Bootstrap discovery (XD-027): what EnvoyFilters lay over the bootstrap of a proxy, for agents that ask before they start an Envoy. The rest of a
 * bootstrap is the agent's own: it alone knows how it reaches us. Nothing where no patch is for the proxy.
 */
import type { Mesh } from '../model/mesh.js';
import { BOOTSTRAP, mergedBootstrapPatches } from '../translate/patch/bootstrap.js';
import { encodeAs, envoyType } from '../translate/patch/envoy-types.js';
import { type EncodedResource, encodeBytes, sameResource } from './encode.js';
import type { PatchedViews } from './patched.js';
import { BOOTSTRAP_TYPE } from './type-urls.js';

export interface BootstrapViews {
  chunk(proxyKey: string): readonly EncodedResource[];
}

const NONE: readonly EncodedResource[] = [];

export function defineBootstrapViews({ graph }: Mesh, patched: Pick<PatchedViews, 'bootstrapPatches'>): BootstrapViews {
  const bootstrap = graph.query(
    'bootstrapPatches',
    (proxyKey: string): readonly EncodedResource[] => {
      const patches = patched.bootstrapPatches(proxyKey);
      return patches.length === 0
        ? NONE
        : [encodeBytes(BOOTSTRAP_TYPE, 'bootstrap', encodeAs(envoyType(BOOTSTRAP), mergedBootstrapPatches(patches)))];
    },
    { equals: (a, b) => a.length === b.length && a.every((resource, i) => sameResource(resource, b[i])) },
  );
  return { chunk: (proxyKey) => bootstrap.get(proxyKey) };
}
