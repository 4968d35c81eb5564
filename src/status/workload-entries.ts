/** Health that a proxy reports of its workload, as condition of the WorkloadEntry (SD-054, ST-005). Pure. */
import type { WorkloadEntry } from '../api/istio.js';
import type { ReportedHealth } from '../model/workload-registration.js';
import { fails, holds } from './condition.js';
import { headOf, type StatusDraft } from './draft.js';

export function workloadEntryDraft(row: WorkloadEntry, { isHealthy, message }: ReportedHealth): StatusDraft {
  const condition = isHealthy ? holds('Healthy', 'Healthy', message) : fails('Healthy', 'Unhealthy', message);
  return { ...headOf(row), conditions: [condition] };
}
