/**
 * What a pod's author says about an injected container (IN-010): a container `istio-proxy` in the pod is laid over the injected one. It is kept in
 * an annotation, because after the injection nobody could tell what the author wrote.
 * https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#customizing-injection
 */
import type { ProxyConfig } from '../api/mesh-config.js';
import { annotationsOf, type Container, findContainer, findProxy, INIT_CONTAINER, type Pod, VALIDATION_CONTAINER } from './pod.js';
import { earlierInjection } from './status.js';
import { strategicMerge } from './strategic-merge.js';

export const OVERRIDES = 'proxy.istio.io/overrides';

interface Overrides {
  containers?: Container[];
  initContainers?: Container[];
}

/** The one that makes or checks the rules; only one of them is there. */
const INIT_CONTAINERS = [INIT_CONTAINER, VALIDATION_CONTAINER, 'mizzen-init'];
/** What they write or check is the proxy's own. */
const RUN_AS_PROXY = new Set([VALIDATION_CONTAINER, 'mizzen-bootstrap']);

/** A container must have an image; this one stands for the injected one's. */
const AUTO_IMAGE = 'auto';

/** The annotation. @throws Error when it is not readable. */
function keptOverrides(pod: Pod): Overrides {
  const text = annotationsOf(pod)[OVERRIDES];
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Overrides;
  } catch (error) {
    throw new Error(`annotation ${OVERRIDES} is not JSON: ${(error as Error).message}`);
  }
}

/** The pod with its author's containers back in it, as templates should see it. */
export function withKeptOverrides(pod: Pod): Pod {
  const kept = keptOverrides(pod);
  const missing = (list: readonly Container[] | undefined, present: readonly Container[] | undefined): Container[] =>
    (list ?? []).filter(({ name }) => findContainer(name, present) === undefined);
  const { spec = {} } = pod;
  const containers = missing(kept.containers, spec.containers);
  const initContainers = missing(kept.initContainers, spec.initContainers);
  if (containers.length === 0 && initContainers.length === 0) return pod;
  return {
    ...pod,
    spec: {
      ...spec,
      ...(containers.length > 0 && { containers: [...(spec.containers ?? []), ...containers] }),
      ...(initContainers.length > 0 && { initContainers: [...(spec.initContainers ?? []), ...initContainers] }),
    },
  };
}

/**
 * `merged` with the author's containers over the injected ones. `original` is the pod as it came, `added` what templates made.
 */
export function applyOverrides(merged: Pod, original: Pod, added: Pod, proxyConfig: ProxyConfig): Pod {
  const kept = keptOverrides(original);
  const earlier = earlierInjection(original);
  const found: Overrides = {};
  let pod = merged;
  for (const list of ['containers', 'initContainers'] as const) {
    for (const { name } of added.spec?.[list] ?? []) {
      // What was injected before is no wish of the author's; what the annotation kept is.
      const isInjected = earlier?.[list]?.includes(name) === true;
      const wish = findContainer(name, kept[list]) ?? (isInjected ? undefined : ownContainer(name, list, original));
      if (wish === undefined) continue;
      const { image, ...rest } = wish;
      const overlay: Container = image === undefined || image === AUTO_IMAGE ? rest : { ...rest, name, image };
      (found[list] ??= []).push(overlay);
      pod = strategicMerge(pod, { spec: { [list]: [overlay] } });
    }
  }
  if (earlier === undefined && Object.keys(found).length > 0) {
    const text = JSON.stringify(found);
    pod = { ...pod, metadata: { ...pod.metadata, annotations: { ...annotationsOf(pod), [OVERRIDES]: text } } };
  }
  return adjustUser(pod, authorsProxy(original), proxyConfig);
}

/** A native sidecar may have been customised as an ordinary container. */
const ownContainer = (name: string, list: 'containers' | 'initContainers', { spec }: Pod): Container | undefined =>
  list === 'containers'
    ? findContainer(name, spec?.containers)
    : (findContainer(name, spec?.containers) ?? findContainer(name, spec?.initContainers));

/** What the author says about the proxy, also when it was injected before. */
function authorsProxy(original: Pod): Container | undefined {
  const kept = findProxy({ spec: { ...keptOverrides(original) } });
  return kept ?? (earlierInjection(original) === undefined ? findProxy(original) : undefined);
}

/**
 * An author who runs the proxy as another user means its init container as well: the rules leave that user's traffic alone, and the container that
 * checks them runs as it. With TPROXY the proxy must be root.
 */
function adjustUser(pod: Pod, author: Container | undefined, proxyConfig: ProxyConfig): Pod {
  const { runAsUser, runAsGroup } = author?.securityContext ?? {};
  const initContainers = pod.spec?.initContainers ?? [];
  const init = INIT_CONTAINERS.map((name) => findContainer(name, initContainers)).find((container) => container !== undefined);
  const writer = findContainer('mizzen-bootstrap', initContainers);
  if ((runAsUser === undefined && runAsGroup === undefined) || (init === undefined && writer === undefined)) return pod;
  const isTproxy = proxyConfig.interceptionMode === 'TPROXY' || annotationsOf(pod)['sidecar.istio.io/interceptionMode'] === 'TPROXY';
  const replace = (container: Container): Container => {
    if (container === init || container === writer) return forUser(container, { runAsUser, runAsGroup }, isTproxy);
    const isProxy = isTproxy && runAsUser !== undefined && container === findProxy(pod);
    return isProxy ? { ...container, securityContext: { ...container.securityContext, runAsUser: 0 } } : container;
  };
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(pod.spec?.containers && { containers: pod.spec.containers.map(replace) }),
      initContainers: initContainers.map(replace),
    },
  };
}

interface User {
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
}

function forUser(init: Container, { runAsUser, runAsGroup }: User, isTproxy: boolean): Container {
  const args = init.args?.map((argument, index, all) => (index > 0 && all.indexOf('-u') === index - 1 && runAsUser ? String(runAsUser) : argument));
  const changed = args === undefined ? init : { ...init, args };
  if (isTproxy || !RUN_AS_PROXY.has(init.name)) return changed;
  const user = { ...(runAsUser !== undefined && { runAsUser }), ...(runAsGroup !== undefined && { runAsGroup }) };
  return { ...changed, securityContext: { ...init.securityContext, ...user } };
}
