/** Pods of managed Gateways with Istio's image and its agent, as the reference's template kube-gateway makes them. */
import { annotationsOf, type Container, type PodSpec, PROXY_CONTAINER } from '../injection/pod.js';
import { annotated, defined, type TemplateInput, when } from '../injection/template-input.js';
import { agentEnvironment } from '../injection/templates/environment.js';
import { proxyImage } from '../injection/templates/image.js';
import { proxyResources } from '../injection/templates/resources.js';
import { imagePullSecrets, proxyMounts, proxyVolumes } from '../injection/templates/volumes.js';
import { gatewaySecurity } from './security.js';

/** What differs between kinds of proxies. */
export interface GatewayPod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

const VOLUMES = { socket: 'istio-envoy', credentialSocket: true } as const;

export function istioPod(input: TemplateInput): GatewayPod {
  const secrets = imagePullSecrets(input);
  return {
    annotations: { 'prometheus.io/path': '/stats/prometheus', 'prometheus.io/port': '15020', 'prometheus.io/scrape': 'true' },
    spec: {
      securityContext: gatewaySecurity(input),
      containers: [container(input)],
      volumes: proxyVolumes(withoutOverride(input), VOLUMES),
      ...(secrets.length > 0 && { imagePullSecrets: secrets }),
    },
  };
}

function container(input: TemplateInput): Container {
  const { global } = input.values;
  const { lifecycle } = global.proxy;
  return defined({
    name: PROXY_CONTAINER,
    image: proxyImage(input),
    // Only the settings count here: a Gateway says by an overlay what it needs.
    resources: proxyResources({ ...input, pod: {} }),
    imagePullPolicy: global.imagePullPolicy === '' ? undefined : global.imagePullPolicy,
    securityContext: {
      capabilities: { drop: ['ALL'] },
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsUser: input.proxyUid,
      runAsGroup: input.proxyGid,
      runAsNonRoot: true,
    },
    ports: [
      { containerPort: 15020, name: 'metrics', protocol: 'TCP' },
      { containerPort: 15021, name: 'status-port', protocol: 'TCP' },
      { containerPort: 15090, name: 'http-envoy-prom', protocol: 'TCP' },
    ],
    args: args(input),
    lifecycle: Object.keys(lifecycle ?? {}).length > 0 ? lifecycle : undefined,
    env: environment(input),
    startupProbe: probe({ failureThreshold: 30, initialDelaySeconds: 1, periodSeconds: 1 }),
    readinessProbe: probe({ failureThreshold: 4, initialDelaySeconds: 0, periodSeconds: 15 }),
    volumeMounts: proxyMounts(withoutOverride(input), VOLUMES),
  }) as Container;
}

function args(input: TemplateInput): string[] {
  const { global } = input.values;
  return [
    'proxy',
    'router',
    '--domain',
    `$(POD_NAMESPACE).svc.${global.proxy.clusterDomain}`,
    '--proxyLogLevel',
    annotated(input, 'sidecar.istio.io/logLevel', global.proxy.logLevel),
    '--proxyComponentLogLevel',
    annotated(input, 'sidecar.istio.io/componentLogLevel', global.proxy.componentLogLevel),
    '--log_output_level',
    annotated(input, 'sidecar.istio.io/agentLogLevel', global.logging.level),
    ...when(Boolean(global.sts.servicePort), `--stsPort=${global.sts.servicePort}`),
    ...when(global.logAsJson, '--log_as_json'),
  ];
}

/** A Gateway has no containers beside the proxy, and no ports that would have to be told. */
function environment(input: TemplateInput): Container['env'] {
  const none: Readonly<Record<string, string>> = { ISTIO_META_POD_PORTS: '[]', ISTIO_META_APP_CONTAINERS: '' };
  return agentEnvironment(withoutOverride(input), { isGateway: true }).map((variable) =>
    none[variable.name] === undefined ? variable : { name: variable.name, value: none[variable.name]! },
  );
}

const probe = (timing: { failureThreshold: number; initialDelaySeconds: number; periodSeconds: number }): Container['readinessProbe'] => ({
  httpGet: { path: '/healthz/ready', port: 15021, scheme: 'HTTP' },
  successThreshold: 1,
  timeoutSeconds: 1,
  ...timing,
});

/** The annotation for a bootstrap of one's own is for injected pods. */
function withoutOverride(input: TemplateInput): TemplateInput {
  const { 'sidecar.istio.io/bootstrapOverride': _, ...annotations } = annotationsOf(input.pod);
  return { ...input, pod: { ...input.pod, metadata: { ...input.pod.metadata, annotations } } };
}
