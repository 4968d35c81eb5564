/**
 * Whose status it is to write where several control planes share a cluster (GA-030): an object's revision, else its namespace's, else the default
 * one. Everybody serves all; two that wrote one status would fight. Pure.
 */
import type { Resource } from '../api/resource.js';

const REVISION = 'istio.io/rev';
const DEFAULT = 'default';

/** Our revision and its tags, `default` among them where objects that name no revision are ours. In a query this is a read. */
export type OwnNames = () => ReadonlySet<string>;

export function isOurs({ metadata }: Resource, namespaceLabels: Readonly<Record<string, string>>, names: OwnNames): boolean {
  return names().has(metadata.labels[REVISION] ?? namespaceLabels[REVISION] ?? DEFAULT);
}
