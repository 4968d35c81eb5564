/**
 * `sidecar.istio.io/status` (IN-016): what an injection added, so that the next one can take it away first, and tools can see the revision.
 */
import { annotationsOf, type Container, type Pod, type PodSpec } from './pod.js';

export const STATUS = 'sidecar.istio.io/status';

export interface InjectionStatus {
  readonly initContainers: readonly string[] | null;
  readonly containers: readonly string[] | null;
  readonly volumes: readonly string[] | null;
  readonly imagePullSecrets: readonly string[] | null;
  readonly revision: string;
}

/** As the annotation has it. `added` is all that templates made. */
export function injectionStatus({ initContainers, containers, volumes, imagePullSecrets }: PodSpec, revision: string): string {
  const names = (list: readonly { name: string }[] | undefined): readonly string[] | null =>
    list === undefined || list.length === 0 ? null : list.map(({ name }) => name);
  const status: InjectionStatus = {
    initContainers: names(initContainers),
    containers: names(containers),
    volumes: names(volumes),
    imagePullSecrets: names(imagePullSecrets),
    revision: revision === '' ? 'default' : revision,
  };
  return JSON.stringify(status);
}

/** What an earlier injection added; undefined for a pod that saw none, or whose annotation cannot be read. */
export function earlierInjection(pod: Pod): InjectionStatus | undefined {
  const text = annotationsOf(pod)[STATUS];
  if (text === undefined) return undefined;
  try {
    const status: unknown = JSON.parse(text);
    return typeof status === 'object' && status !== null ? (status as InjectionStatus) : undefined;
  } catch {
    return undefined;
  }
}

/** The containers without those that were added. */
export function withoutAdded(containers: readonly Container[] | undefined, added: readonly string[] | null | undefined): Container[] {
  return (containers ?? []).filter(({ name }) => !(Array.isArray(added) && added.includes(name)));
}
