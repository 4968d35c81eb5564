/** The order of containers (IN-014, IN-015), which is the order in which the kubelet starts them. */
import { type Container, findContainer, INIT_CONTAINER, type PodSpec, PROXY_CONTAINER, VALIDATION_CONTAINER } from './pod.js';

const CORE_DUMP = 'enable-core-dump';
/** Of the templates for stock Envoy: rules, then the bootstrap. */
const OURS = ['mizzen-init', 'mizzen-bootstrap'];

/** `isHeld`: applications start after the proxy. Otherwise it stays last, so that kubectl means the application. */
export function orderContainers(spec: PodSpec, isHeld: boolean): PodSpec {
  const containers = isHeld ? first(spec.containers, PROXY_CONTAINER) : last(spec.containers, PROXY_CONTAINER);
  const init = orderInit(spec.initContainers ?? []);
  return { ...spec, ...(containers.length > 0 && { containers }), ...(init.length > 0 && { initContainers: init }) };
}

/**
 * With a native sidecar, init containers are part of the mesh: rules, proxy, the rest. Without one they run before the rules, which would lead
 * their traffic nowhere; only the check of rules that a CNI plugin made comes first.
 */
function orderInit(containers: Container[]): Container[] {
  if (findContainer(PROXY_CONTAINER, containers) === undefined)
    return [INIT_CONTAINER, CORE_DUMP, ...OURS].reduce<Container[]>(last, first(containers, VALIDATION_CONTAINER));
  return [CORE_DUMP, PROXY_CONTAINER, ...OURS.toReversed(), VALIDATION_CONTAINER, INIT_CONTAINER].reduce<Container[]>(first, containers);
}

const others = (containers: Container[] | undefined, name: string): Container[] => (containers ?? []).filter((one) => one.name !== name);
const named = (containers: Container[] | undefined, name: string): Container[] => (containers ?? []).filter((one) => one.name === name);
const first = (containers: Container[] | undefined, name: string): Container[] => [...named(containers, name), ...others(containers, name)];
const last = (containers: Container[] | undefined, name: string): Container[] => [...others(containers, name), ...named(containers, name)];
