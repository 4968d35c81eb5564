/**
 * Several files → one set of rows. A resource that stands in two files is taken from the first in path order, and told.
 */
import type { AnyRow } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';
import type { ConfigFile } from './config-file.js';

export interface Merged {
  /** By identity, `Kind/namespace/name`. */
  readonly rows: ReadonlyMap<string, AnyRow>;
  readonly problems: readonly Problem[];
}

/** Merges the states of files that come in path order. */
export function mergeFiles(files: Iterable<ConfigFile>): Merged {
  const rows = new Map<string, AnyRow>();
  const problems: Problem[] = [];
  for (const file of files) {
    problems.push(...file.state.problems);
    for (const [identity, row] of file.state.rows) {
      const first = rows.get(identity);
      if (first === undefined) rows.set(identity, row);
      else problems.push(duplicate(row, first));
    }
  }
  return { rows, problems };
}

function duplicate(row: AnyRow, first: AnyRow): Problem {
  const where = first.location === undefined ? '' : ` ${first.location.file}:${first.location.line}`;
  return {
    severity: 'error',
    code: 'duplicate',
    message: `the same resource stands in${where}, which wins`,
    resource: { kind: row.kind, namespace: row.metadata.namespace, name: row.metadata.name },
    ...(row.location === undefined ? {} : { location: row.location }),
  };
}
