/**
 * Probes and lifecycle hooks of the application (IN-012). The kubelet has no certificate of the mesh and would be refused; so it asks the agent,
 * which asks the application. https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/
 */
import type { AppProber } from '../translate/bootstrap/app-probes.js';
import { parseBool } from './annotation-checks.js';
import { annotationsOf, type Container, type Handler, type HttpGet, type Pod, PROXY_CONTAINER, type Probe } from './pod.js';
import { STATUS } from './status.js';

export const APP_PROBERS = 'ISTIO_KUBE_APP_PROBERS';

/** Path → what to do. */
export type AppProbers = Record<string, AppProber>;

interface RewriteSettings {
  /** What holds for pods that say nothing. */
  readonly rewrite: boolean;
  readonly statusPort: number;
  /** The container that is told what to ask. */
  readonly agent: Container | undefined;
}

/** Changes the pod in place: probes of all containers but the proxy's, and the proxy's variable. */
export function rewriteProbes(pod: Pod, { rewrite, statusPort, agent: proxy }: RewriteSettings): void {
  const annotations = annotationsOf(pod);
  if (proxy === undefined || !(parseBool(annotations['sidecar.istio.io/rewriteAppHTTPProbers']) ?? rewrite)) return;
  const own = annotations['status.sidecar.istio.io/port'];
  const port = own === undefined ? statusPort : Number(own);
  const { spec } = pod;
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].filter(({ name }) => name !== PROXY_CONTAINER);
  const probers: AppProbers = Object.fromEntries(containers.flatMap((container) => appProbers(container, statusPort)));
  if (Object.keys(probers).length > 0) addProbers(proxy, probers, annotations[STATUS] !== undefined);
  const rewritten = (container: Container): Container => (container.name === PROXY_CONTAINER ? container : pointAtAgent(container, port));
  if (spec?.containers) spec.containers = spec.containers.map(rewritten);
  if (spec?.initContainers) spec.initContainers = spec.initContainers.map(rewritten);
}

/** A pod that is injected again keeps what was found the first time: its own probes point at the agent by now. */
function addProbers(proxy: Container, probers: AppProbers, isAgain: boolean): void {
  const env = proxy.env ?? [];
  const earlier = isAgain ? env.find(({ name }) => name === APP_PROBERS) : undefined;
  const all = earlier === undefined ? probers : { ...probers, ...parseProbers(earlier.value) };
  const variable = { name: APP_PROBERS, value: JSON.stringify(sorted(all)) };
  proxy.env = earlier === undefined ? [...env, variable] : env.map((one) => (one === earlier ? variable : one));
}

export function parseProbers(text = '{}'): AppProbers {
  try {
    return JSON.parse(text) as AppProbers;
  } catch {
    return {};
  }
}

const sorted = (probers: AppProbers): AppProbers => Object.fromEntries(Object.entries(probers).sort(([a], [b]) => (a < b ? -1 : 1)));

interface Place {
  readonly path: string;
  readonly handler: Handler | undefined;
  readonly isProbe: boolean;
}

function placesOf({ name, readinessProbe, livenessProbe, startupProbe, lifecycle }: Container): readonly Place[] {
  return [
    { path: `/app-health/${name}/readyz`, handler: readinessProbe, isProbe: true },
    { path: `/app-health/${name}/livez`, handler: livenessProbe, isProbe: true },
    { path: `/app-health/${name}/startupz`, handler: startupProbe, isProbe: true },
    { path: `/app-lifecycle/${name}/prestopz`, handler: lifecycle?.preStop, isProbe: false },
    { path: `/app-lifecycle/${name}/poststartz`, handler: lifecycle?.postStart, isProbe: false },
  ];
}

function appProbers(container: Container, statusPort: number): [string, AppProber][] {
  return placesOf(container).flatMap(({ path, handler, isProbe }): [string, AppProber][] => {
    const prober = handler && proberOf(handler, isProbe, container, statusPort);
    return prober === undefined ? [] : [[path, prober]];
  });
}

/** Names of ports become numbers; nothing for a port that is nowhere, or that is the agent's already. */
function proberOf(handler: Handler, isProbe: boolean, { ports = [] }: Container, statusPort: number): AppProber | undefined {
  const { httpGet, tcpSocket, grpc } = handler;
  const { timeoutSeconds } = handler as Probe;
  const timeout = isProbe && timeoutSeconds ? { timeoutSeconds } : {};
  const numbered = <T extends { port: number | string }>(action: T): T | undefined => {
    if (action.port === statusPort) return undefined;
    if (typeof action.port === 'number') return action;
    const port = ports.find(({ name }) => name === action.port)?.containerPort;
    return port === undefined ? undefined : { ...action, port };
  };
  const http = httpGet && numbered(httpGet);
  if (httpGet !== undefined) return http && { httpGet: ordered(http), ...timeout };
  const tcp = tcpSocket && numbered(tcpSocket);
  if (tcpSocket !== undefined) return tcp && { tcpSocket: tcp, ...timeout };
  return isProbe && grpc !== undefined ? { grpc: { port: grpc.port, service: grpc.service ?? null }, ...timeout } : undefined;
}

/** One order of fields, so that equal probes are equal texts. */
function ordered({ path, port, host, scheme, httpHeaders }: HttpGet): HttpGet {
  return {
    ...(path && { path }),
    port,
    ...(host && { host }),
    ...(scheme && { scheme }),
    ...(httpHeaders && httpHeaders.length > 0 && { httpHeaders }),
  };
}

function pointAtAgent(container: Container, port: number): Container {
  const { readinessProbe, livenessProbe, startupProbe, lifecycle } = container;
  const at = (kind: string, path: string): string => `/${kind}/${container.name}/${path}`;
  const hooks = lifecycle && {
    ...lifecycle,
    ...(lifecycle.preStop && { preStop: toAgent(lifecycle.preStop, at('app-lifecycle', 'prestopz'), port, false) }),
    ...(lifecycle.postStart && { postStart: toAgent(lifecycle.postStart, at('app-lifecycle', 'poststartz'), port, false) }),
  };
  return {
    ...container,
    ...(readinessProbe && { readinessProbe: toAgent(readinessProbe, at('app-health', 'readyz'), port, true) }),
    ...(livenessProbe && { livenessProbe: toAgent(livenessProbe, at('app-health', 'livez'), port, true) }),
    ...(startupProbe && { startupProbe: toAgent(startupProbe, at('app-health', 'startupz'), port, true) }),
    ...(hooks && { lifecycle: hooks }),
  };
}

/** Everything but `exec` becomes an HTTP request to the agent, which speaks plaintext to the kubelet. */
function toAgent<T extends Handler>(handler: T, path: string, port: number, isProbe: boolean): T {
  const { httpGet, tcpSocket, grpc, ...rest } = handler;
  if (httpGet !== undefined) return { ...handler, httpGet: { ...httpGet, path, port, ...(httpGet.scheme === 'HTTPS' && { scheme: 'HTTP' }) } };
  if (tcpSocket === undefined && (grpc === undefined || !isProbe)) return handler;
  return { ...rest, ...(tcpSocket !== undefined && grpc !== undefined && { grpc }), httpGet: { path, port } } as unknown as T;
}
