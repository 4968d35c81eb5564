/** The template `gateway` (IN-019): a proxy that is the workload itself. https://istio.io/latest/docs/setup/additional-setup/gateway/ */
import { type Container, PROXY_CONTAINER } from '../pod.js';
import { canonicalLabels, commonAnnotations, defined, type Overlay, type TemplateInput } from '../template-input.js';
import { agentEnvironment } from './environment.js';
import { proxyImage } from './image.js';
import { agentArguments } from './sidecar-container.js';
import { imagePullSecrets, proxyMounts, proxyVolumes } from './volumes.js';

/** Low ports for a process that is not root. */
export const UNPRIVILEGED_PORTS = { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] };

export function gatewayTemplate(input: TemplateInput): Overlay {
  const { global, gateways } = input.values;
  const { name, revision } = canonicalLabels(input);
  const own = gateways.securityContext;
  const secrets = imagePullSecrets(input);
  const delay = global.proxy.readinessInitialDelaySeconds;
  const options = { socket: 'istio-envoy', credentialSocket: true } as const;
  const proxy = defined({
    name: PROXY_CONTAINER,
    image: proxyImage(input),
    ports: [{ containerPort: 15090, protocol: 'TCP', name: 'http-envoy-prom' }],
    args: agentArguments(input, 'router'),
    lifecycle: global.proxy.lifecycle,
    securityContext: { runAsUser: input.proxyUid, runAsGroup: input.proxyGid },
    env: agentEnvironment(input, { isGateway: true }),
    imagePullPolicy: global.imagePullPolicy === '' ? undefined : global.imagePullPolicy,
    readinessProbe: {
      httpGet: { path: '/healthz/ready', port: 15021 },
      ...(delay !== 0 && { initialDelaySeconds: delay }),
      periodSeconds: global.proxy.readinessPeriodSeconds,
      timeoutSeconds: 3,
      failureThreshold: global.proxy.readinessFailureThreshold,
    },
    volumeMounts: proxyMounts(input, options),
  }) as Container;
  return {
    metadata: {
      labels: { 'service.istio.io/canonical-name': name, 'service.istio.io/canonical-revision': revision },
      annotations: commonAnnotations(input),
    },
    spec: {
      securityContext: own !== undefined && Object.keys(own).length > 0 ? own : UNPRIVILEGED_PORTS,
      containers: [proxy],
      volumes: proxyVolumes(input, options),
      ...(secrets.length > 0 && { imagePullSecrets: secrets }),
    },
  };
}
