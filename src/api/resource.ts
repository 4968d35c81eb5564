/**
 * The row type of every configuration collection: a Kubernetes-style resource with the place it was read from.
 * Sources write these rows; the model reads them. https://kubernetes.io/docs/concepts/overview/working-with-objects/
 */

/** Where a resource stands in a file. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The part of Kubernetes' ObjectMeta that a mesh reads. `namespace` is '' for cluster-scoped kinds. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  /** Remote cluster that the resource is of; absent for the cluster whose configuration holds. */
  readonly cluster?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
}

/** One resource of any kind. Frozen; an edited resource is a new row. */
export interface Resource<Kind extends string = string, Spec = unknown> {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
  /** For kinds without a `spec` (EndpointSlice, Secret, ConfigMap) the whole body lives in here under its own field names. */
  readonly spec: Spec;
  readonly status?: unknown;
  /**
   * Milliseconds since 1970; decides "the oldest wins". Without a creationTimestamp: Kubernetes' own kinds count as
   * older than everything (0), all others as made on 2026-01-01, one second apart in the order of their file.
   */
  readonly createdAt: number;
  readonly location?: SourceLocation;
}

/** `namespace/name`: what a resource is called inside its cluster. Cluster-scoped resources have an empty namespace part. */
export const nameKeyOf = ({ metadata }: { readonly metadata: Pick<ObjectMeta, 'namespace' | 'name'> }): string =>
  `${metadata.namespace}/${metadata.name}`;

/** The key of a row in its kind's collection: `namespace/name`, behind `cluster/` for rows of remote clusters. */
export const keyOf = (resource: { readonly metadata: Pick<ObjectMeta, 'namespace' | 'name' | 'cluster'> }): string =>
  keyIn(resource.metadata.cluster, nameKeyOf(resource));

/** The key of what is called `namespace/name` in a cluster; `undefined` is the cluster whose configuration holds. */
export const keyIn = (cluster: string | undefined, nameKey: string): string => (cluster === undefined ? nameKey : `${cluster}/${nameKey}`);

/** Istio's order of configuration: the oldest first; equal ages by name, then by namespace. */
export function byAge(a: Resource, b: Resource): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  if (a.metadata.name !== b.metadata.name) return a.metadata.name < b.metadata.name ? -1 : 1;
  if (a.metadata.namespace !== b.metadata.namespace) return a.metadata.namespace < b.metadata.namespace ? -1 : 1;
  return 0;
}
