/**
 * Objects of the Kubernetes API as they come over the wire, and where they are found. Knows no kind in particular.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */

/** Any object with the metadata that each has. Fields beside it are whatever the kind has. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly object[];
  };
  readonly [field: string]: unknown;
}

/** A collection of the API: all objects of one kind, or those of one namespace. */
export interface ApiResource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Absent: of all namespaces, or of none. */
  readonly namespace?: string;
}

/** Path of a collection, or of one object in it. */
export function apiPath({ group, version, plural, namespace }: ApiResource, name?: string): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === undefined || namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** `namespace/name`; the namespace is empty for kinds that live in none. */
export const objectKey = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
