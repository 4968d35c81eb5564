/** What a template is a function of: the pod as its author meant it, its owner, and the settings that hold for it. */
import type { EffectiveMeshConfig, ProxyConfig } from '../api/mesh-config.js';
import type { WorkloadOwner } from './owner.js';
import { annotationsOf, type Container, labelsOf, type Pod, type PodMeta, type PodSpec, PROXY_CONTAINER } from './pod.js';
import type { Values } from './values.js';

export interface TemplateInput {
  /** Without what an earlier injection added. */
  readonly pod: Pod;
  readonly owner: WorkloadOwner;
  readonly meshConfig: EffectiveMeshConfig;
  /** What holds for this workload: the mesh's, ProxyConfig resources, the annotation. */
  readonly proxyConfig: ProxyConfig;
  readonly values: Values;
  /** '' for the default one. */
  readonly revision: string;
  /** Whether the proxy may be a container that starts first and ends last. */
  readonly nativeSidecars: boolean;
  readonly proxyUid: number;
  readonly proxyGid: number;
  readonly compliancePolicy: string;
}

/** A part of a pod, merged over the user's. */
export interface Overlay {
  readonly metadata?: PodMeta;
  readonly spec?: PodSpec;
}

/** A template makes the overlay of one pod. */
export type Template = (input: TemplateInput) => Overlay;

/** The annotation's value, or the setting's as text. */
export const annotated = ({ pod }: TemplateInput, name: string, setting: unknown): string => annotationsOf(pod)[name] ?? String(setting);

/** The user's containers. */
export const appContainers = ({ pod }: TemplateInput): readonly Container[] =>
  (pod.spec?.containers ?? []).filter(({ name }) => name !== PROXY_CONTAINER);

/** The first of several values that is not empty. */
export const firstOf = (...values: readonly (string | undefined)[]): string => values.find((value) => value !== undefined && value !== '') ?? '';

/** `service.istio.io/canonical-name` and `canonical-revision`: what a workload is called in telemetry. IN-017 */
export function canonicalLabels({ pod, owner }: TemplateInput): { name: string; revision: string } {
  const labels = labelsOf(pod);
  return {
    name: firstOf(labels['service.istio.io/canonical-name'], labels['app.kubernetes.io/name'], labels['app'], owner.name),
    revision: firstOf(labels['service.istio.io/canonical-revision'], labels['app.kubernetes.io/version'], labels['version'], 'latest'),
  };
}

/** `istio.io/rev`, and the container that kubectl means when the user names none. */
export function commonAnnotations(input: TemplateInput): Record<string, string> {
  const annotations = annotationsOf(input.pod);
  const first = appContainers(input)[0]?.name;
  const made: Record<string, string> = { 'istio.io/rev': firstOf(input.revision, 'default') };
  if (first === undefined) return made;
  for (const name of ['kubectl.kubernetes.io/default-logs-container', 'kubectl.kubernetes.io/default-container'])
    if (annotations[name] === undefined) made[name] = first;
  return made;
}

/** An object without its undefined fields, so that overlays take nothing away by accident. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** `[{…}]` when the condition holds, for lists that are written in order. */
export const when = <T>(condition: boolean, ...items: readonly T[]): readonly T[] => (condition ? items : []);
