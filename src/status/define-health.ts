/** What proxies of this replica report of WorkloadEntries in the API server, as drafts of status (ST-005). */
import { isDeepStrictEqual } from 'node:util';
import type { Query } from '../graph/graph.js';
import type { Mesh } from '../model/mesh.js';
import type { Statuses } from './define-statuses.js';
import { draftId, type StatusDraft } from './draft.js';
import { workloadEntryDraft } from './workload-entries.js';

/** Key is ''. */
export function defineHealth({ graph, rows }: Mesh): Query<string, Statuses> {
  const draft = graph.query(
    'workloadHealth',
    (key: string): StatusDraft | undefined => {
      const [row, report] = [rows.of('WorkloadEntry').get(key), rows.reportedHealth.get(key)];
      return row === undefined || report === undefined || row.metadata.cluster !== undefined ? undefined : workloadEntryDraft(row, report);
    },
    { equals: isDeepStrictEqual },
  );
  return graph.query(
    'workloadHealthStatuses',
    (): Statuses => new Map([...rows.reportedHealth.list().keys()].flatMap((key) => draft.get(key) ?? []).map((one) => [draftId(one), one])),
  );
}
