/**
 * The templates for gRPC clients and servers that speak xDS themselves (IN-005): `grpc-agent` with an agent for certificates beside them,
 * `grpc-simple` with a bootstrap file and no more. https://istio.io/latest/blog/2021/proxyless-grpc/
 */
import { type Container, PROXY_CONTAINER } from '../pod.js';
import { appContainers, canonicalLabels, commonAnnotations, defined, type Overlay, type TemplateInput } from '../template-input.js';
import { agentEnvironment } from './environment.js';
import { proxyImage } from './image.js';
import { proxyResources } from './resources.js';
import { agentArguments, probes } from './sidecar-container.js';
import { certificateMount, imagePullSecrets, proxyMounts, proxyVolumes } from './volumes.js';

const NO_REWRITE = { 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' };

export function grpcAgentTemplate(input: TemplateInput): Overlay {
  const { name, revision } = canonicalLabels(input);
  const { imagePullPolicy } = input.values.global;
  const secrets = imagePullSecrets(input);
  const agent = defined({
    name: PROXY_CONTAINER,
    image: proxyImage(input),
    ports: [{ containerPort: 15020, protocol: 'TCP', name: 'mesh-metrics' }],
    args: agentArguments(input, 'sidecar'),
    lifecycle: { postStart: { exec: { command: ['pilot-agent', 'wait', '--url=http://localhost:15020/healthz/ready'] } } },
    env: agentEnvironment(input, {
      isEnvoy: false,
      first: [
        { name: 'ISTIO_META_GENERATOR', value: 'grpc' },
        { name: 'OUTPUT_CERTS', value: '/var/lib/istio/data' },
      ],
      last: [
        { name: 'ISTIO_META_DNS_CAPTURE', value: 'false' },
        { name: 'DISABLE_ENVOY', value: 'true' },
      ],
    }),
    imagePullPolicy: imagePullPolicy === '' ? undefined : imagePullPolicy,
    readinessProbe: probes(input, 15020).readinessProbe,
    resources: proxyResources(input),
    volumeMounts: proxyMounts(input, { socket: 'istio-xds', userVolumes: true }),
  }) as Container;
  const clients = appContainers(input).map(({ name: container }) => ({
    name: container,
    env: [
      { name: 'GRPC_XDS_EXPERIMENTAL_SECURITY_SUPPORT', value: 'true' },
      { name: 'GRPC_XDS_BOOTSTRAP', value: '/etc/istio/proxy/grpc-bootstrap.json' },
    ],
    volumeMounts: [
      { mountPath: '/var/lib/istio/data', name: 'istio-data' },
      { mountPath: '/etc/istio/proxy', name: 'istio-xds' },
      certificateMount(input),
    ],
  }));
  return {
    metadata: {
      labels: { 'service.istio.io/canonical-name': name, 'service.istio.io/canonical-revision': revision },
      annotations: { ...commonAnnotations(input), ...NO_REWRITE },
    },
    spec: {
      containers: [agent, ...clients],
      volumes: proxyVolumes(input, { socket: 'istio-xds', userVolumes: true, bareWorkloadCerts: true }),
      ...(secrets.length > 0 && { imagePullSecrets: secrets }),
    },
  };
}

const DATA = 'grpc-io-proxyless-bootstrap';
const BOOTSTRAP = '/var/lib/grpc/data/bootstrap.json';
const fieldRef = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

export function grpcSimpleTemplate({ pod, values }: TemplateInput): Overlay {
  const mount = { mountPath: '/var/lib/grpc/data/', name: DATA };
  const clients = (pod.spec?.containers ?? []).map(({ name }) => ({
    name,
    env: [
      { name: 'GRPC_XDS_BOOTSTRAP', value: BOOTSTRAP },
      { name: 'GRPC_GO_LOG_VERBOSITY_LEVEL', value: '99' },
      { name: 'GRPC_GO_LOG_SEVERITY_LEVEL', value: 'info' },
    ],
    volumeMounts: [mount],
  }));
  return {
    metadata: { annotations: NO_REWRITE },
    spec: {
      initContainers: [
        {
          name: 'grpc-bootstrap-init',
          image: 'busybox:1.28',
          volumeMounts: [mount],
          env: [
            fieldRef('INSTANCE_IP', 'status.podIP'),
            fieldRef('POD_NAME', 'metadata.name'),
            fieldRef('POD_NAMESPACE', 'metadata.namespace'),
            { name: 'ISTIO_NAMESPACE', value: values.global.istioNamespace },
          ],
          command: ['sh', '-c', SIMPLE_SCRIPT],
        },
      ],
      containers: clients,
      volumes: [{ name: DATA, emptyDir: {} }],
    },
  };
}

/** Writes the bootstrap of a gRPC client, which has no other way to know its own address. */
const SIMPLE_SCRIPT = [
  'NODE_ID="sidecar~${INSTANCE_IP}~${POD_NAME}.${POD_NAMESPACE}~cluster.local"',
  'SERVER_URI="dns:///istiod.${ISTIO_NAMESPACE}.svc:15010"',
  "echo '",
  '{',
  '  "xds_servers": [',
  '    {',
  `      "server_uri": "'\${SERVER_URI}'",`,
  '      "channel_creds": [{"type": "insecure"}],',
  '      "server_features" : ["xds_v3"]',
  '    }',
  '  ],',
  '  "node": {',
  `    "id": "'\${NODE_ID}'",`,
  '    "metadata": {',
  '      "GENERATOR": "grpc"',
  '    }',
  '  }',
  "}' > /var/lib/grpc/data/bootstrap.json",
].join('\n');
