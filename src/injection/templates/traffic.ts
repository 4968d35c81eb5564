/**
 * Which traffic goes through the proxy (IN-007, IN-009): annotations over settings, as flags for the program that writes iptables rules, or as
 * annotations for a CNI plugin. https://istio.io/latest/docs/reference/config/annotations/
 */
import { annotationsOf, type Texts } from '../pod.js';
import { annotated, firstOf, type TemplateInput, when } from '../template-input.js';

const TRAFFIC = 'traffic.sidecar.istio.io/';
const REROUTE = 'istio.io/reroute-virtual-interfaces';
/** Envoy's own metrics and readiness. */
const OWN_PORTS = '15090,15021';

export const interceptionMode = (input: TemplateInput): string =>
  annotated(input, 'sidecar.istio.io/interceptionMode', input.proxyConfig.interceptionMode ?? 'REDIRECT');

const setting = (input: TemplateInput, name: string, value: unknown): string => annotated(input, `${TRAFFIC}${name}`, value);

/** Ports that stay outside, with the agent's own. */
function excludedInboundPorts(input: TemplateInput): string {
  const { proxy } = input.values.global;
  const status = annotated(input, 'status.sidecar.istio.io/port', proxy.statusPort).trim();
  const given = setting(input, 'excludeInboundPorts', proxy.excludeInboundPorts);
  if (status === '' || status === '0') return given;
  const ports = given.split(',');
  if (ports.includes(status)) return given;
  return [...ports.map((port) => port.trim()).filter((port) => port !== ''), status].join(',');
}

/** An empty list of the settings is no list; an empty one of an annotation is. */
const outboundPorts = (input: TemplateInput, name: 'includeOutboundPorts' | 'excludeOutboundPorts'): string | undefined => {
  const own = annotationsOf(input.pod)[`${TRAFFIC}${name}`];
  const common = input.values.global.proxy[name] ?? '';
  return own ?? (common === '' ? undefined : common);
};

/** The arguments of istio-iptables up to its log level. `uid` is the proxy's: its traffic is left alone. */
export function interceptionArguments(input: TemplateInput, uid: number): string[] {
  const { meshConfig } = input;
  const { proxy } = input.values.global;
  const annotations = annotationsOf(input.pod);
  const excluded = excludedInboundPorts(input);
  const interfaces = annotations[REROUTE] ?? annotations[`${TRAFFIC}kubevirtInterfaces`];
  const excludedInterfaces = annotations[`${TRAFFIC}excludeInterfaces`];
  const flag = (name: string, value: string | undefined): readonly string[] => (value === undefined ? [] : [name, value]);
  return [
    ...flag('-p', String(meshConfig.proxyListenPort || 15001)),
    ...flag('-z', String(meshConfig.proxyInboundListenPort || 15006)),
    ...flag('-u', String(uid)),
    ...flag('-m', interceptionMode(input)),
    ...flag('-i', setting(input, 'includeOutboundIPRanges', proxy.includeIPRanges)),
    ...flag('-x', setting(input, 'excludeOutboundIPRanges', proxy.excludeIPRanges)),
    ...flag('-b', setting(input, 'includeInboundPorts', proxy.includeInboundPorts)),
    ...flag('-d', excluded === '' ? OWN_PORTS : `${OWN_PORTS},${excluded}`),
    ...flag('-q', outboundPorts(input, 'includeOutboundPorts')),
    ...flag('-o', outboundPorts(input, 'excludeOutboundPorts')),
    ...flag('-k', interfaces),
    ...flag('-c', excludedInterfaces),
  ];
}

/** The same for a CNI plugin, which reads it from the pod. IN-008 */
export function interceptionAnnotations(input: TemplateInput): Texts {
  const { proxy } = input.values.global;
  const { provider } = input.values.pilot.cni;
  const annotations = annotationsOf(input.pod);
  const entry = (name: string, value: string | undefined): readonly [string, string][] => when(firstOf(value) !== '', [name, value!]);
  const networks = 'k8s.v1.cni.cncf.io/networks';
  const [included, excluded] = [outboundPorts(input, 'includeOutboundPorts'), outboundPorts(input, 'excludeOutboundPorts')];
  return Object.fromEntries([
    ...when<[string, string]>(provider === 'multus', [networks, withNetwork(annotations[networks] ?? '', 'default', 'istio-cni')]),
    ['sidecar.istio.io/interceptionMode', interceptionMode(input)],
    ...entry(`${TRAFFIC}includeOutboundIPRanges`, setting(input, 'includeOutboundIPRanges', proxy.includeIPRanges)),
    ...entry(`${TRAFFIC}excludeOutboundIPRanges`, setting(input, 'excludeOutboundIPRanges', proxy.excludeIPRanges)),
    [`${TRAFFIC}includeInboundPorts`, setting(input, 'includeInboundPorts', proxy.includeInboundPorts)],
    [`${TRAFFIC}excludeInboundPorts`, excludedInboundPorts(input)],
    ...when<[string, string]>(included !== undefined, [`${TRAFFIC}includeOutboundPorts`, included ?? '']),
    ...when<[string, string]>(excluded !== undefined, [`${TRAFFIC}excludeOutboundPorts`, excluded ?? '']),
    ...entry(`${TRAFFIC}kubevirtInterfaces`, annotations[`${TRAFFIC}kubevirtInterfaces`]),
    ...entry(REROUTE, annotations[REROUTE]),
    ...entry(`${TRAFFIC}excludeInterfaces`, annotations[`${TRAFFIC}excludeInterfaces`]),
  ]);
}

/** Multus' list of networks with one more; it is JSON or `namespace/name` with commas. */
function withNetwork(existing: string, namespace: string, name: string): string {
  const network = `${namespace}/${name}`;
  if (existing === '') return network;
  const end = existing.lastIndexOf(']');
  if (end < 0) {
    return existing.split(',').some((one) => one.trim() === network) ? existing : `${existing}, ${network}`;
  }
  try {
    const networks = JSON.parse(existing) as { name?: string; namespace?: string }[];
    if (networks.some((one) => one.name === name && (one.namespace ?? '') === namespace)) return existing;
  } catch {
    return existing;
  }
  return `${existing.slice(0, end)}, {"name": "${name}", "namespace": "${namespace}"}${existing.slice(end)}`;
}
