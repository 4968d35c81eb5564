/**
 * The WorkloadEntry that a connected proxy stands for when its node names a WorkloadGroup (SD-052). Pure.
 * https://istio.io/latest/docs/reference/config/networking/workload-group/
 */
import type { WorkloadEntry, WorkloadGroup } from '../api/istio.js';
import type { Labels } from './labels.js';
import type { Proxy } from './proxy.js';

/** Annotations that tell people and other control planes where an entry is from. */
export const REGISTRATION = {
  group: 'istio.io/autoRegistrationGroup',
  controller: 'istio.io/workloadController',
  connectedAt: 'istio.io/connectedAt',
  disconnectedAt: 'istio.io/disconnectedAt',
} as const;
/** Set where a proxy reports its workload's health: without a report the workload counts as unhealthy (SD-054, SD-055). */
export const HEALTH_CHECKS = 'proxy.istio.io/health-checks-enabled';

const CONTROLLER = 'mizzen';
const MAX_NAME = 253;

/** `<group>-<ip>[-<network>]`; of a name that is too long the end counts. */
export function registrationName(group: string, proxy: Pick<Proxy, 'ipAddresses' | 'network'>): string {
  const parts = [group, (proxy.ipAddresses[0] as string).replaceAll(':', '-'), proxy.network];
  return parts
    .filter((part) => part !== '')
    .join('-')
    .slice(-MAX_NAME);
}

/** The entry of a proxy that has just connected. What the node says goes before the group's metadata, and that before its template. */
export function registeredEntry(group: WorkloadGroup, proxy: Proxy, now: Date): WorkloadEntry {
  const { metadata = {}, template, probe } = group.spec;
  const { region, zone, subzone } = proxy.locality;
  const labels: Labels = { ...template.labels, ...metadata.labels, ...proxy.labels };
  return {
    kind: 'WorkloadEntry',
    apiVersion: group.apiVersion,
    metadata: {
      name: registrationName(group.metadata.name, proxy),
      namespace: group.metadata.namespace,
      labels,
      annotations: {
        ...metadata.annotations,
        // A stock Envoy has no agent that would probe: to wait for its report would be to wait for ever.
        ...(probe === undefined || proxy.istioVersion === undefined ? {} : { [HEALTH_CHECKS]: 'true' }),
        [REGISTRATION.group]: group.metadata.name,
        [REGISTRATION.controller]: CONTROLLER,
        [REGISTRATION.connectedAt]: now.toISOString(),
      },
      ownerReferences: [{ kind: 'WorkloadGroup', name: group.metadata.name, controller: true }],
    },
    spec: {
      ...template,
      address: proxy.ipAddresses[0] as string,
      labels,
      ...(proxy.network === '' ? {} : { network: proxy.network }),
      ...(region === '' ? {} : { locality: [region, zone, subzone].filter((part) => part !== '').join('/') }),
    },
    createdAt: now.getTime(),
  } as WorkloadEntry;
}

/** The entry with the time at which its last stream ended. */
export function disconnectedEntry(entry: WorkloadEntry, now: Date): WorkloadEntry {
  const annotations = { ...entry.metadata.annotations, [REGISTRATION.disconnectedAt]: now.toISOString() };
  return { ...entry, metadata: { ...entry.metadata, annotations } };
}

/** The entry of a proxy that reports health although nobody expected it to: from now on its reports count. */
export function withHealthChecks(entry: WorkloadEntry): WorkloadEntry {
  return { ...entry, metadata: { ...entry.metadata, annotations: { ...entry.metadata.annotations, [HEALTH_CHECKS]: 'true' } } };
}

/** Whether an entry's health is decided by reports of its proxy. */
export const reportsHealth = (entry: Pick<WorkloadEntry, 'metadata'>): boolean =>
  ['true', '1', 't'].includes((entry.metadata.annotations[HEALTH_CHECKS] ?? '').toLowerCase());

/** What a proxy said of its workload. */
export interface ReportedHealth {
  /** Key of the WorkloadEntry. */
  readonly key: string;
  readonly isHealthy: boolean;
  readonly message: string;
}

/** The condition `Healthy` in a WorkloadEntry's status; undefined when there is none. */
export function healthCondition(status: unknown): boolean | undefined {
  const { conditions } = (status ?? {}) as { conditions?: readonly { type?: string; status?: string }[] };
  const condition = Array.isArray(conditions) ? conditions.find(({ type }) => type === 'Healthy') : undefined;
  return condition === undefined ? undefined : condition.status === 'True';
}

/** A status with the condition of a report. */
export function healthStatus({ isHealthy, message }: Omit<ReportedHealth, 'key'>, now: Date): unknown {
  const time = now.toISOString();
  const status = isHealthy ? 'True' : 'False';
  return { conditions: [{ type: 'Healthy', status, message, lastProbeTime: time, lastTransitionTime: time }] };
}
