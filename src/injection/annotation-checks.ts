/**
 * Annotations whose values injection relies on (IN-022): a pod with a bad one is refused, with the reason, rather than run half.
 * https://istio.io/latest/docs/reference/config/annotations/
 */
import ipaddr from 'ipaddr.js';
import { parseValue } from '../yaml/parse-value.js';
import type { Texts } from './pod.js';

/** What is wrong with a value, or nothing. */
type Check = (value: string) => string | undefined;

const TRAFFIC = 'traffic.sidecar.istio.io/';
const READINESS = 'readiness.status.sidecar.istio.io/';

const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`;

const isPort = (text: string): boolean => /^\s*\d{1,5}\s*$/.test(text) && Number(text) <= 65535;
const port: Check = (value) => (isPort(value) ? undefined : 'must be a port');
const uint32: Check = (value) => (/^\d{1,10}$/.test(value) && Number(value) <= 0xffffffff ? undefined : 'must be a number');
const bool: Check = (value) => (/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value) ? undefined : 'must be true or false');

const ports: Check = (value) => {
  const bad = value.trim() === '' ? undefined : value.split(',').find((one) => !isPort(one));
  return bad === undefined ? undefined : `${JSON.stringify(bad)} is not a port`;
};

const subnets: Check = (value) => {
  const bad = value === '' ? undefined : value.split(',').find((one) => !ipaddr.isValidCIDR(one));
  return bad === undefined ? undefined : `${JSON.stringify(bad)} is not a CIDR block`;
};

const orAll =
  (check: Check): Check =>
  (value) =>
    value === '*' ? undefined : check(value);

const interfaces: Check = (value) => {
  if (value === '') return undefined;
  const bad = value.split(',').find((one) => !/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/.test(one.trim()));
  return bad === undefined ? undefined : `${JSON.stringify(bad)} is not the name of an interface (15 characters at most)`;
};

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity: Check = (value) =>
  /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/.test(value) ? undefined : 'must be a quantity such as 100m or 128Mi';

const proxyConfig: Check = (value) => {
  try {
    const parsed: unknown = parseValue(value);
    return parsed === null || (typeof parsed === 'object' && !Array.isArray(parsed)) ? undefined : 'must be a mapping, the fields of ProxyConfig';
  } catch (error) {
    return `is not YAML: ${(error as Error).message.split('\n')[0]}`;
  }
};

const CHECKS: Readonly<Record<string, Check>> = {
  'sidecar.istio.io/interceptionMode': oneOf('REDIRECT', 'TPROXY', 'NONE'),
  'status.sidecar.istio.io/port': port,
  [`${READINESS}initialDelaySeconds`]: uint32,
  [`${READINESS}periodSeconds`]: uint32,
  [`${READINESS}failureThreshold`]: uint32,
  [`${TRAFFIC}includeOutboundIPRanges`]: orAll(subnets),
  [`${TRAFFIC}excludeOutboundIPRanges`]: subnets,
  [`${TRAFFIC}includeInboundPorts`]: orAll(ports),
  [`${TRAFFIC}excludeInboundPorts`]: ports,
  [`${TRAFFIC}excludeOutboundPorts`]: ports,
  [`${TRAFFIC}excludeInterfaces`]: interfaces,
  [`${TRAFFIC}kubevirtInterfaces`]: interfaces,
  'istio.io/reroute-virtual-interfaces': interfaces,
  'prometheus.istio.io/merge-metrics': bool,
  'proxy.istio.io/config': proxyConfig,
  'sidecar.istio.io/proxyCPU': quantity,
  'sidecar.istio.io/proxyMemory': quantity,
  'sidecar.istio.io/proxyCPULimit': quantity,
  'sidecar.istio.io/proxyMemoryLimit': quantity,
};

/** One message for each annotation that cannot be followed. */
export function annotationProblems(annotations: Texts): string[] {
  return Object.entries(annotations).flatMap(([name, value]) => {
    const problem = Object.hasOwn(CHECKS, name) ? CHECKS[name]!(value) : undefined;
    return problem === undefined ? [] : [`annotation ${name}: ${JSON.stringify(value)}: ${problem}`];
  });
}

/** Go's notion of a truth in a text; undefined for what is none. */
export function parseBool(text: string | undefined): boolean | undefined {
  if (text === undefined || bool(text) !== undefined) return undefined;
  return /^(1|t)/i.test(text);
}
