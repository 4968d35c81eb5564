/**
 * The templates `envoy` and `envoy-gateway`: a stock Envoy without Istio's agent. An init container of our own image writes the bootstrap; Envoy joins
 * with the token of the pod's account, which it reads again when the kubelet renews it, and answers the application's probes by itself.
 */
import { parseDuration, SECOND } from '../../api/duration.js';
import { envoyArguments } from '../../translate/bootstrap/arguments.js';
import { annotationsOf, type Container, type EnvVar, PROXY_CONTAINER, type Volume } from '../pod.js';
import { canonicalLabels, commonAnnotations, defined, firstOf, type Overlay, type Template, type TemplateInput, when } from '../template-input.js';
import { agentEnvironment, serviceName } from './environment.js';
import { UNPRIVILEGED_PORTS } from './gateway.js';
import { seccomp } from './init-container.js';
import { proxyResources } from './resources.js';
import { sidecarLabels } from './sidecar.js';
import { isNativeSidecar, probes } from './sidecar-container.js';
import { interceptionAnnotations, interceptionArguments, interceptionMode } from './traffic.js';
import { imagePullSecrets, podInfoVolume, rootVolume, tokenVolume } from './volumes.js';

/** The container that stands for the agent: variables that the injector sets belong to it. */
export const BOOTSTRAP_CONTAINER = 'mizzen-bootstrap';
const INTERCEPTION_CONTAINER = 'mizzen-init';
const FOLDER = '/etc/istio/proxy';

/** Of no use to us, or said in another way. */
const AGENT_ONLY = new Set(['PILOT_CERT_PROVIDER', 'CA_ADDR', 'ISTIO_CPU_LIMIT', 'GOMEMLIMIT', 'REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION']);

export const envoyTemplate: Template = (input) => {
  const isNative = isNativeSidecar(input);
  const isIntercepted = interceptionMode(input) !== 'NONE' && !input.values.pilot.cni.enabled;
  const proxy = envoyContainer(input, { isGateway: false, isNative });
  const init = [...when(isIntercepted, interceptionContainer(input)), bootstrapContainer(input, 'sidecar'), ...when(isNative, proxy)];
  return {
    metadata: {
      labels: sidecarLabels(input),
      annotations: {
        ...commonAnnotations(input),
        ...metricsAnnotations(input),
        ...(input.values.pilot.cni.enabled && interceptionAnnotations(input)),
      },
    },
    spec: { initContainers: init, ...(!isNative && { containers: [proxy] }), volumes: volumes(input), ...secretsOf(input) },
  };
};

export const envoyGatewayTemplate: Template = (input): Overlay => {
  const { name, revision } = canonicalLabels(input);
  const own = input.values.gateways.securityContext;
  return {
    metadata: {
      labels: { 'service.istio.io/canonical-name': name, 'service.istio.io/canonical-revision': revision },
      annotations: { ...commonAnnotations(input), ...metricsAnnotations(input) },
    },
    spec: {
      securityContext: Object.keys(own ?? {}).length > 0 ? own : UNPRIVILEGED_PORTS,
      initContainers: [bootstrapContainer(input, 'router')],
      containers: [envoyContainer(input, { isGateway: true, isNative: false })],
      volumes: volumes(input),
      ...secretsOf(input),
    },
  };
};

function bootstrapContainer(input: TemplateInput, type: 'sidecar' | 'router'): Container {
  const env = agentEnvironment(input, { isGateway: type === 'router' }).filter(({ name }) => !AGENT_ONLY.has(name));
  const addresses: EnvVar = { name: 'INSTANCE_IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } };
  return ourContainer(input, {
    name: BOOTSTRAP_CONTAINER,
    args: ['pod-bootstrap', '--type', type, '--xds-address', xdsAddress(input), '--output', `${FOLDER}/envoy.json`],
    env: [...env, addresses, { name: 'CLUSTER_DOMAIN', value: input.values.global.proxy.clusterDomain }],
    securityContext: unprivileged(input),
    volumeMounts: mounts(),
  });
}

/** Rules need root and two capabilities, as Istio's do. A CNI plugin makes this container needless. */
function interceptionContainer(input: TemplateInput): Container {
  return ourContainer(input, {
    name: INTERCEPTION_CONTAINER,
    args: ['iptables', ...interceptionArguments(input, input.proxyUid)],
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      // iptables keeps a lock in /run.
      readOnlyRootFilesystem: false,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
  });
}

function ourContainer(input: TemplateInput, container: Container): Container {
  const { imagePullPolicy } = input.values.global;
  return defined({
    ...container,
    image: input.values.envoy.initImage,
    imagePullPolicy: imagePullPolicy === '' ? undefined : imagePullPolicy,
    resources: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '256Mi' } },
  });
}

function envoyContainer(input: TemplateInput, { isGateway, isNative }: { isGateway: boolean; isNative: boolean }): Container {
  const { global, envoy } = input.values;
  const own = annotationsOf(input.pod)['sidecar.istio.io/proxyImage'];
  const resources = proxyResources(input);
  const level = annotationsOf(input.pod)['sidecar.istio.io/logLevel'] ?? global.proxy.logLevel;
  return defined({
    name: PROXY_CONTAINER,
    image: own?.includes('/') === true ? own : envoy.image,
    restartPolicy: isNative ? 'Always' : undefined,
    command: ['envoy'],
    args: ['-c', `${FOLDER}/envoy.json`, '-l', level, ...envoyArguments(withThreads(input, resources), [])],
    ports: [{ containerPort: 15090, protocol: 'TCP', name: 'http-envoy-prom' }],
    imagePullPolicy: global.imagePullPolicy === '' ? undefined : global.imagePullPolicy,
    lifecycle: { preStop: { exec: { command: drainCommand(input, { isGateway, isNative }) } } },
    ...probes(input),
    securityContext: unprivileged(input),
    resources,
    volumeMounts: mounts(),
    ...(isGateway && { startupProbe: undefined }),
  }) as Container;
}

/** As many threads as the limit has cores, where nobody says otherwise. */
function withThreads({ proxyConfig }: TemplateInput, resources: Record<string, unknown> | undefined): TemplateInput['proxyConfig'] {
  if (proxyConfig.concurrency !== undefined) return proxyConfig;
  const text = String((resources?.['limits'] as { cpu?: string | number } | undefined)?.cpu ?? '');
  const cores = text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
  return cores > 0 ? { ...proxyConfig, concurrency: Math.ceil(cores) } : proxyConfig;
}

/**
 * Tells connections that others opened to go elsewhere when the pod begins to end; at a gateway these are all. Only Envoy's admin interface can do that, it listens on loopback alone, and
 * Envoy's image has no HTTP client but a shell. A native sidecar then lives until the application has ended; an ordinary container waits for a while.
 */
function drainCommand({ proxyConfig }: TemplateInput, { isGateway, isNative }: { isGateway: boolean; isNative: boolean }): string[] {
  const port = proxyConfig.proxyAdminPort ?? 15000;
  const which = isGateway ? '' : 'inboundonly&';
  const ask = String.raw`POST /drain_listeners?${which}graceful HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
  const given = proxyConfig['terminationDrainDuration'];
  const seconds = Math.ceil((parseDuration(typeof given === 'string' ? given : '5s') ?? 5 * SECOND) / SECOND);
  const wait = isNative ? '' : `; sleep ${seconds}`;
  return ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port} && printf '${ask}' >&3 && cat <&3${wait}`];
}

function unprivileged({ values, proxyUid, proxyGid }: TemplateInput): Container['securityContext'] {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: proxyUid,
    runAsGroup: proxyGid,
    ...seccomp(values.global.proxy.seccompProfile),
  };
}

const xdsAddress = ({ values }: TemplateInput): string =>
  firstOf(values.envoy.xdsAddress, `${serviceName(values.revision)}.${values.global.istioNamespace}.svc:15012`);

/** Nobody merges metrics: Prometheus is led to Envoy's unless the application has some of its own. */
function metricsAnnotations({ pod }: TemplateInput): Record<string, string> {
  const annotations = annotationsOf(pod);
  if (Object.keys(annotations).some((name) => /^prometheus[._-]io[/._-](scrape|port|path)$/.test(name))) return {};
  return { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '15090', 'prometheus.io/path': '/stats/prometheus' };
}

const mounts = (): NonNullable<Container['volumeMounts']> => [
  { name: 'istio-envoy', mountPath: FOLDER },
  { name: 'istio-token', mountPath: '/var/run/secrets/tokens', readOnly: true },
  { name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio', readOnly: true },
  { name: 'istio-podinfo', mountPath: '/etc/istio/pod', readOnly: true },
];

const volumes = (input: TemplateInput): Volume[] => [
  { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
  podInfoVolume(),
  tokenVolume(input),
  rootVolume(input),
];

function secretsOf(input: TemplateInput): { imagePullSecrets?: { name: string }[] } {
  const secrets = imagePullSecrets(input);
  return secrets.length > 0 ? { imagePullSecrets: secrets } : {};
}
