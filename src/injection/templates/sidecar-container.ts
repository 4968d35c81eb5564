/** The sidecar's own container: Istio's agent with its Envoy (IN-006). https://istio.io/latest/docs/reference/commands/pilot-agent/#pilot-agent-proxy */
import { annotationsOf, type Container, PROXY_CONTAINER } from '../pod.js';
import { annotated, defined, type TemplateInput, when } from '../template-input.js';
import { agentEnvironment } from './environment.js';
import { proxyImage } from './image.js';
import { seccomp } from './init-container.js';
import { proxyResources } from './resources.js';
import { interceptionMode } from './traffic.js';
import { proxyMounts } from './volumes.js';

/** IN-015: the proxy starts before and ends after all other containers. An annotation counts more than what the cluster can do. */
export function isNativeSidecar({ pod, nativeSidecars }: Pick<TemplateInput, 'pod' | 'nativeSidecars'>): boolean {
  const wanted = annotationsOf(pod)['sidecar.istio.io/nativeSidecar'];
  return (wanted === undefined || wanted === '' ? String(nativeSidecars) : wanted) !== 'false';
}

export function sidecarContainer(input: TemplateInput): Container {
  const { global } = input.values;
  return defined({
    name: PROXY_CONTAINER,
    image: proxyImage(input),
    restartPolicy: isNativeSidecar(input) ? 'Always' : undefined,
    ports: [{ containerPort: 15090, protocol: 'TCP', name: 'http-envoy-prom' }],
    args: [
      ...agentArguments(input, 'sidecar'),
      ...when((global.proxy.outlierLogPath ?? '') !== '', `--outlierLogPath=${global.proxy.outlierLogPath}`),
    ],
    lifecycle: lifecycle(input),
    env: agentEnvironment(input),
    imagePullPolicy: global.imagePullPolicy === '' ? undefined : global.imagePullPolicy,
    ...probes(input),
    securityContext: securityContext(input),
    resources: proxyResources(input),
    volumeMounts: proxyMounts(input, { socket: 'istio-envoy', credentialSocket: true, revocations: true, userVolumes: true }),
  }) as Container;
}

/** Arguments that every kind of proxy has. */
export function agentArguments(input: TemplateInput, type: 'sidecar' | 'router'): string[] {
  const { global } = input.values;
  return [
    'proxy',
    type,
    '--domain',
    `$(POD_NAMESPACE).svc.${global.proxy.clusterDomain}`,
    `--proxyLogLevel=${annotated(input, 'sidecar.istio.io/logLevel', global.proxy.logLevel)}`,
    `--proxyComponentLogLevel=${annotated(input, 'sidecar.istio.io/componentLogLevel', global.proxy.componentLogLevel)}`,
    `--log_output_level=${annotated(input, 'sidecar.istio.io/agentLogLevel', global.logging.level)}`,
    ...when(Boolean(global.sts.servicePort), `--stsPort=${global.sts.servicePort}`),
    ...when(global.logAsJson, '--log_as_json'),
  ];
}

/** IN-014: applications wait for the proxy. A native sidecar holds them by itself; it drains when the pod begins to end. */
function lifecycle(input: TemplateInput): Container['lifecycle'] {
  const { proxy } = input.values.global;
  if (proxy.lifecycle !== undefined && Object.keys(proxy.lifecycle).length > 0) return proxy.lifecycle;
  if (isNativeSidecar(input)) {
    const port = annotated(input, 'status.sidecar.istio.io/port', proxy.statusPort);
    return { preStop: { exec: { command: ['pilot-agent', 'request', `--debug-port=${port}`, 'POST', 'drain'] } } };
  }
  const isHeld = input.proxyConfig['holdApplicationUntilProxyStarts'] === true || proxy.holdApplicationUntilProxyStarts === true;
  return isHeld ? { postStart: { exec: { command: ['pilot-agent', 'wait'] } } } : undefined;
}

/** Whether the pod is asked for its readiness at all. */
export const hasProbes = (input: TemplateInput): boolean =>
  annotated(input, 'status.sidecar.istio.io/port', input.values.global.proxy.statusPort) !== '0';

export function probes(input: TemplateInput, port = 15021): Pick<Container, 'startupProbe' | 'readinessProbe'> {
  const { proxy } = input.values.global;
  if (!hasProbes(input)) return {};
  const httpGet = { path: '/healthz/ready', port };
  const { enabled, failureThreshold } = proxy.startupProbe;
  const of = (name: string, value: number): number => Number(annotated(input, `readiness.status.sidecar.istio.io/${name}`, value));
  const delay = of('initialDelaySeconds', proxy.readinessInitialDelaySeconds);
  return {
    ...(enabled && { startupProbe: { httpGet: { ...httpGet }, periodSeconds: 1, timeoutSeconds: 3, failureThreshold } }),
    readinessProbe: {
      httpGet,
      ...(delay !== 0 && { initialDelaySeconds: delay }),
      periodSeconds: of('periodSeconds', proxy.readinessPeriodSeconds),
      timeoutSeconds: 3,
      failureThreshold: of('failureThreshold', proxy.readinessFailureThreshold),
    },
  };
}

function securityContext(input: TemplateInput): Container['securityContext'] {
  const { proxyConfig, proxyUid, proxyGid } = input;
  const { privileged, capNetBindService, seccompProfile } = input.values.global.proxy;
  const common = { readOnlyRootFilesystem: true, ...seccomp(seccompProfile) };
  if (proxyConfig.proxyMetadata?.['IPTABLES_TRACE_LOGGING'] === 'true') {
    const capabilities = { add: ['NET_ADMIN'], drop: ['ALL'] };
    return { ...common, allowPrivilegeEscalation: true, capabilities, privileged: true, runAsGroup: proxyGid, runAsNonRoot: false, runAsUser: 0 };
  }
  const isTproxy = interceptionMode(input) === 'TPROXY';
  const binds = annotated(input, 'sidecar.istio.io/capNetBindService', capNetBindService) === 'true';
  const add = [...when(isTproxy, 'NET_ADMIN'), ...when(binds, 'NET_BIND_SERVICE')];
  return {
    ...common,
    allowPrivilegeEscalation: privileged,
    capabilities: { ...(add.length > 0 && { add }), drop: ['ALL'] },
    privileged,
    ...(add.length > 0 ? { runAsNonRoot: false, runAsUser: 0, runAsGroup: 1337 } : { runAsNonRoot: true, runAsUser: proxyUid, runAsGroup: proxyGid }),
  };
}
