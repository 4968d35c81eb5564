/**
 * Which workload a pod belongs to (IN-026), from what is known before the pod has a name: its owner references and labels.
 * https://kubernetes.io/docs/concepts/workloads/controllers/
 */
import { labelsOf, type Pod } from './pod.js';

export interface WorkloadOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** A CronJob names its jobs after itself and the minute. */
const CRON_JOB = /^(.+)-\d{8,10}$/;

export function workloadOwner(pod: Pod): WorkloadOwner {
  const { name = '', namespace = '', generateName = '', ownerReferences = [] } = pod.metadata ?? {};
  const own = { apiVersion: 'v1', kind: 'Pod', name, namespace };
  const controller = ownerReferences.find((reference) => reference.controller === true);
  if (generateName === '' || controller === undefined) return own;
  const { apiVersion = '', kind = '', name: owner = '' } = controller;
  return { apiVersion, kind, namespace, name: owner, ...above(kind, owner, labelsOf(pod)) };
}

/** The controller of the controller, where its name and the pod's labels tell it. */
function above(kind: string, name: string, labels: Readonly<Record<string, string>>): Partial<WorkloadOwner> {
  const hash = labels['pod-template-hash'] ?? '';
  const rollout = labels['rollouts-pod-template-hash'] ?? '';
  if (kind === 'ReplicaSet' && hash !== '' && name.endsWith(hash)) return { kind: 'Deployment', name: trimSuffix(name, `-${hash}`) };
  if (kind === 'ReplicaSet' && rollout !== '' && name.endsWith(rollout))
    return { kind: 'Rollout', apiVersion: 'v1alpha1', name: trimSuffix(name, `-${rollout}`) };
  const config = labels['deploymentconfig'] ?? '';
  if (kind === 'ReplicationController' && config !== '') return { kind: 'DeploymentConfig', name: config };
  const cronJob = kind === 'Job' ? CRON_JOB.exec(name)?.[1] : undefined;
  return cronJob === undefined ? {} : { kind: 'CronJob', apiVersion: 'batch/v1', name: cronJob };
}

const trimSuffix = (text: string, suffix: string): string => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text);
