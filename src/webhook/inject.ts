/** `/inject`: a pod that is about to be made → the patch that gives it a proxy. */
import type { EffectiveMeshConfig, ProxyConfig } from '../api/mesh-config.js';
import { decideInjection } from '../injection/decision.js';
import { type InjectionConfig, injectPod } from '../injection/inject.js';
import { patchOf } from '../injection/patch.js';
import { annotationsOf, labelsOf, type Pod, type Texts } from '../injection/pod.js';
import { type AdmissionRequest, isObject, type Verdict } from './admission.js';
import { pathVariables } from './injection-path.js';

/** Where the webhook finds what holds for a pod, now. */
export interface InjectionSource {
  config(): InjectionConfig;
  meshConfig(): EffectiveMeshConfig;
  proxyConfig(workload: { namespace: string; labels: Texts; annotations: Texts }): ProxyConfig;
  /** Whether the node, or without a name every node, knows native sidecars. */
  nativeSidecars(node: string | undefined): boolean;
  /** On OpenShift: annotations of the namespace. */
  namespaceAnnotations?(namespace: string): Texts | undefined;
}

export interface InjectionVerdict extends Verdict {
  /** The pod stays as it is. */
  readonly skipped?: string;
}

export function injectVerdict(request: AdmissionRequest, path: string, source: InjectionSource): InjectionVerdict {
  const { object } = request;
  if (!isObject(object)) return { allowed: false, message: 'the request has no pod' };
  const { managedFields: _, ...metadata } = isObject(object['metadata']) ? object['metadata'] : {};
  const before: Pod = { ...(object as Pod), metadata };
  // A pod that a controller makes has no namespace of its own yet.
  const namespace = before.metadata?.namespace ?? request.namespace ?? '';
  const pod: Pod = { ...before, metadata: { ...before.metadata, namespace } };
  const config = source.config();
  const decision = decideInjection(pod, namespace, config);
  if (!decision.inject) return { allowed: true, skipped: decision.reason };
  const annotations = source.namespaceAnnotations?.(namespace);
  try {
    const made = injectPod(
      {
        pod,
        meshConfig: source.meshConfig(),
        proxyConfig: source.proxyConfig({ namespace, labels: labelsOf(pod), annotations: annotationsOf(pod) }),
        nativeSidecars: source.nativeSidecars(pod.spec?.nodeName),
        variables: pathVariables(path),
        ...(annotations && { namespaceAnnotations: annotations }),
      },
      config,
    );
    return { allowed: true, patch: patchOf(pod, made) };
  } catch (error) {
    return { allowed: false, message: `no proxy can be injected: ${(error as Error).message}` };
  }
}
