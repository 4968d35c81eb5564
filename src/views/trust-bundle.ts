/**
 * PCDS (XD-022): whom to trust, for agents of Istio that ask (PROXY_CONFIG_XDS_AGENT). So they hear of a new root before they need a new
 * certificate. Roots are public: everybody may have them.
 */
import { ProxyConfig } from '@envoyproxy/xds-protos/istio/mesh/v1alpha1/proxy.js';
import { MESH_ROOTS, type Mesh } from '../model/mesh.js';
import { trustBundle } from '../translate/secret/trust-bundle.js';
import { addedRoots } from './added-roots.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';

/** The bundle is all there is of its type, so its name means nothing to anybody. */
const RESOURCE_NAME = 'trust-bundle';
const NONE: readonly EncodedResource[] = [];

export interface TrustBundleViews {
  /** The bundle, as a chunk of one; nothing while there is no authority. */
  chunk(proxyKey: string): readonly EncodedResource[];
}

export function defineTrustBundleViews(mesh: Mesh): TrustBundleViews {
  const { graph } = mesh;
  /** Key: JSON of added roots. */
  const bundle = graph.query(
    'trustBundle',
    (added: string): readonly EncodedResource[] => {
      const roots = mesh.rows.roots.get(MESH_ROOTS);
      return roots === undefined ? NONE : [encodeResource(ProxyConfig, RESOURCE_NAME, trustBundle(roots.rootPem, JSON.parse(added) as string[]))];
    },
    { equals: (a, b) => a.length === b.length && a.every((resource, i) => sameResource(resource, b[i])) },
  );
  return { chunk: (proxyKey) => bundle.get(JSON.stringify(addedRoots(mesh, proxyKey))) };
}
