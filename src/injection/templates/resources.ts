/** Requests and limits of injected containers (IN-011): one annotation replaces the setting as a whole. */
import { annotationsOf } from '../pod.js';
import { defined, type TemplateInput } from '../template-input.js';

type Open = Record<string, unknown>;

export function proxyResources({ pod, values }: TemplateInput): Open | undefined {
  const annotations = annotationsOf(pod);
  const of = (suffix: string): Open | undefined => {
    const found = defined({ cpu: annotations[`sidecar.istio.io/proxyCPU${suffix}`], memory: annotations[`sidecar.istio.io/proxyMemory${suffix}`] });
    return Object.keys(found).length === 0 ? undefined : found;
  };
  const [requests, limits] = [of(''), of('Limit')];
  if (requests !== undefined || limits !== undefined) return defined({ requests, limits });
  const { resources } = values.global.proxy;
  return resources === null ? undefined : (withoutNulls(resources) as Open);
}

/** `null` in a values file takes a default away. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key, withoutNulls(field)]),
  );
}
