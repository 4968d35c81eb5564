/**
 * Users' changes to the manifests of a managed Gateway (GA-003): a ConfigMap with strategic-merge patches, by kind. They may change what an object
 * is like, and not which object it is. https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment
 */
import { isDeepStrictEqual } from 'node:util';
import { strategicMerge } from '../injection/strategic-merge.js';
import { parseValue } from '../yaml/parse-value.js';
import { MANAGED, MANAGED_BY_US, type Manifest, type ManifestKind, type Overlays } from './managed-gateway.js';

/** Keys of the ConfigMap. */
export const OVERLAY_KEYS: Readonly<Record<ManifestKind, string>> = {
  Deployment: 'deployment',
  Service: 'service',
  ServiceAccount: 'serviceAccount',
  HorizontalPodAutoscaler: 'horizontalPodAutoscaler',
  PodDisruptionBudget: 'podDisruptionBudget',
};
const KNOWN: ReadonlySet<string> = new Set(Object.values(OVERLAY_KEYS));
/** A Service's ports are told apart by their number. */
const MERGE_KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = { Service: { ports: 'port' } };

/** The keys that mean nothing are refused as a whole: a typing error must not look like a default. @throws Error that names the key */
export function checkOverlays({ name, data }: Overlays): void {
  const unknown = Object.keys(data).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) throw new Error(`ConfigMap ${name}: ${unknown}: there is no such overlay, only ${[...KNOWN].join(', ')}`);
}

/**
 * The object with all overlays for its kind; undefined where it is only made if there is one.
 * @throws Error that names the ConfigMap and the key
 */
export function withOverlays(manifest: Manifest, overlays: readonly Overlays[], isOptional = false): Manifest | undefined {
  const key = OVERLAY_KEYS[manifest.kind];
  const own = overlays.filter(({ data }) => data[key] !== undefined);
  if (isOptional && own.length === 0) return undefined;
  return own.reduce((merged, { name, data }) => withOverlay(merged, `ConfigMap ${name}: ${key}`, data[key]!), manifest);
}

function withOverlay(manifest: Manifest, place: string, text: string): Manifest {
  let overlay: unknown;
  try {
    overlay = parseValue(text) ?? {};
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof overlay !== 'object' || overlay === null || Array.isArray(overlay)) throw new Error(`${place}: is no mapping`);
  const merged = strategicMerge(manifest, overlay, MERGE_KEYS[manifest.kind]);
  if (!isDeepStrictEqual(identityOf(merged), identityOf(manifest)))
    throw new Error(`${place}: of metadata only labels and annotations can be changed, and no kind`);
  return { ...merged, metadata: { ...merged.metadata, labels: { ...merged.metadata.labels, [MANAGED]: MANAGED_BY_US } } };
}

function identityOf({ apiVersion, kind, metadata }: Manifest): object {
  const { labels: _, annotations: __, ...rest } = metadata;
  return { apiVersion, kind, ...rest };
}
