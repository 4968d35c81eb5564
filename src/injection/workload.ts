/**
 * Pods within other objects (IN-024): Deployments and their like hold a template of pods, Lists hold objects. Everything else passes as it is.
 * https://kubernetes.io/docs/concepts/workloads/controllers/
 */
import type { WorkloadOwner } from './owner.js';
import type { Pod, PodMeta, PodSpec } from './pod.js';

type Open = Record<string, unknown>;

/** A pod, or what its controller says pods will be. */
export interface FoundPod {
  readonly pod: Pod;
  readonly namespace: string;
  /** The controller; absent for a pod of its own. */
  readonly owner?: WorkloadOwner;
  /** `Deployment shop/web`, for messages. */
  readonly name: string;
}

/** What becomes of a pod. */
export type InjectFound = (found: FoundPod) => Pod;

const CONTROLLERS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'DeploymentConfig']);

/** The object with its pods replaced. */
export function mapPods(object: unknown, inject: InjectFound): unknown {
  if (!isObject(object)) return object;
  const { kind, items, spec } = object;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
    return { ...object, items: items.map((item) => mapPods(item, inject)) };
  if (kind === 'Pod') return mapPod(object, inject);
  if (!isObject(spec)) return object;
  if (kind === 'CronJob') return { ...object, spec: { ...spec, jobTemplate: mapJobTemplate(object, spec['jobTemplate'], inject) } };
  return typeof kind === 'string' && CONTROLLERS.has(kind) ? { ...object, spec: mapTemplate(object, spec, inject) } : object;
}

function mapPod(object: Open, inject: InjectFound): Open {
  const pod = object as Pod;
  const { namespace = '' } = pod.metadata ?? {};
  return inject({ pod, namespace, name: nameOf(object) });
}

function mapJobTemplate(cronJob: Open, jobTemplate: unknown, inject: InjectFound): unknown {
  if (!isObject(jobTemplate) || !isObject(jobTemplate['spec'])) return jobTemplate;
  return { ...jobTemplate, spec: mapTemplate(cronJob, jobTemplate['spec'], inject) };
}

/** `spec.template` of a controller: the pods will be in its namespace, named after it. */
function mapTemplate(controller: Open, spec: Open, inject: InjectFound): Open {
  const { template } = spec;
  if (!isObject(template)) return spec;
  const {
    apiVersion = '',
    kind = '',
    metadata: { name = '', namespace = '' } = {},
  } = controller as { apiVersion?: string; kind?: string; metadata?: PodMeta };
  const owner = { apiVersion, kind, name, namespace };
  const pod: Pod = { metadata: (template['metadata'] ?? {}) as PodMeta, spec: (template['spec'] ?? {}) as PodSpec };
  const made = inject({ pod, owner, namespace: pod.metadata?.namespace ?? namespace, name: nameOf(controller) });
  return { ...spec, template: { ...template, metadata: made.metadata, spec: made.spec } };
}

function nameOf(object: Open): string {
  const { name, generateName = '', namespace } = (object['metadata'] ?? {}) as PodMeta;
  return `${String(object['kind'])} ${namespace === undefined ? '' : `${namespace}/`}${name ?? `${generateName}…`}`;
}

const isObject = (value: unknown): value is Open => typeof value === 'object' && value !== null && !Array.isArray(value);
