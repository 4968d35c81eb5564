/** By which names we are called, as a row: a tag that moves changes whose statuses are ours to write (GA-030). */
import { isDeepStrictEqual } from 'node:util';
import type { Mesh } from '../model/mesh.js';
import type { RevisionTags } from '../sources/kubernetes/revision-tags.js';
import type { OwnNames } from '../status/ownership.js';

/** Names that queries can read, until they are closed. */
export function nameRows({ graph }: Pick<Mesh, 'graph'>, tags: Pick<RevisionTags, 'names' | 'onChange'>): { names: OwnNames; close: () => void } {
  const rows = graph.collection<ReadonlySet<string>>('ownNames', () => '', { equals: isDeepStrictEqual });
  const write = (): void => graph.transaction(() => rows.set(tags.names));
  write();
  return { names: () => rows.get('') ?? new Set(), close: tags.onChange(write) };
}
