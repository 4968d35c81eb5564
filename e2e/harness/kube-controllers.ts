/**
 * Kubernetes' controllers, as far as managed gateways need them, over a server that runs none: Deployments become a Pod (run in a network namespace by
 * our kubelet), Services with a selector become EndpointSlices, and what an owner leaves behind is collected.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod as PodObject } from '../../src/injection/pod.js';
import type { ApiClient } from '../../src/kubernetes/api-client.js';
import type { ApiObject } from '../../src/kubernetes/api-object.js';
import { accountToken } from './kube-identity.js';
import { apply } from './kube-objects.js';
import { type Kubelet, runInjected } from './pod-kubelet.js';
import type { Pod, PodNetwork } from './pods.js';
import { sleep, until } from './wait.js';

export interface ControllersOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly network: PodNetwork;
  readonly folder: string;
  /** The program. */
  readonly envoy: string;
}

export interface Controllers {
  /** The running pod of a Deployment. */
  pod(deployment: string): Promise<Pod>;
  stop(): Promise<void>;
}

interface Workload extends ApiObject {
  readonly spec: { readonly template: { readonly metadata: PodObject['metadata']; readonly spec: PodObject['spec'] } };
}
interface Running {
  readonly pod: Pod;
  readonly labels: Readonly<Record<string, string>>;
  readonly kubelet: Kubelet;
}

const OWNED = [
  '/apis/apps/v1/deployments',
  '/api/v1/services',
  '/api/v1/serviceaccounts',
  '/apis/autoscaling/v2/horizontalpodautoscalers',
  '/apis/policy/v1/poddisruptionbudgets',
];

/** Looks four times a second. */
export function playControllers(options: ControllersOptions): Controllers {
  const { client, namespace } = options;
  const running = new Map<string, Running>();
  const failures: string[] = [];
  let isOn = true;
  const list = async <T extends ApiObject>(path: string): Promise<T[]> => {
    const [, root = '', plural = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
    return (await client.get<{ items: T[] }>(`${root}/namespaces/${namespace}/${plural}`)).items;
  };
  const look = async (): Promise<void> => {
    await collect();
    const deployments = await list<Workload>('/apis/apps/v1/deployments');
    for (const deployment of deployments) {
      const { name } = deployment.metadata;
      // Only what our kubelet can run.
      if (!running.has(name) && deployment.spec.template.spec?.initContainers !== undefined)
        running.set(name, await runPod(deployment, options, running.size));
    }
    for (const [name, { kubelet }] of running) {
      if (deployments.some(({ metadata }) => metadata.name === name)) continue;
      running.delete(name);
      await kubelet.envoy.stop();
    }
    for (const service of await list('/api/v1/services')) await publish(service);
  };
  /** The garbage collector: an object all of whose owners are gone goes as well. */
  const collect = async (): Promise<void> => {
    const gateways = new Set((await list('/apis/gateway.networking.k8s.io/v1/gateways')).map(({ metadata }) => metadata.uid));
    for (const path of OWNED) {
      for (const { metadata } of await list(path)) {
        const owners = (metadata.ownerReferences ?? []) as { uid: string }[];
        if (owners.length === 0 || owners.some(({ uid }) => gateways.has(uid))) continue;
        const [, root = '', plural = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
        await client.write('DELETE', `${root}/namespaces/${namespace}/${plural}/${metadata.name}`, { body: {} });
      }
    }
  };
  const publish = async ({ metadata, spec }: ApiObject): Promise<void> => {
    const { selector, ports } = spec as { selector?: Record<string, string>; ports: { name: string; port: number; targetPort: number }[] };
    if (selector === undefined) return;
    const pods = [...running.values()].filter(({ labels }) => Object.entries(selector).every(([name, value]) => labels[name] === value));
    await apply(client, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: metadata.name, namespace, labels: { 'kubernetes.io/service-name': metadata.name } },
      addressType: 'IPv4',
      ports: ports.map(({ name, targetPort }) => ({ name, port: targetPort, protocol: 'TCP' })),
      endpoints: pods.map(({ pod }) => ({ addresses: [pod.ip], conditions: { ready: true }, targetRef: { kind: 'Pod', name: pod.name, namespace } })),
    });
  };
  const done = (async () => {
    while (isOn) {
      await look().catch((error: unknown) => failures.push(String(error)));
      await sleep(250);
    }
  })();
  return {
    async pod(deployment) {
      try {
        return await until(`a pod of ${deployment}`, async () => running.get(deployment)?.pod, { timeoutMs: 40_000 });
      } catch (error) {
        throw new Error(`${String(error)}\n${failures.slice(-3).join('\n')}`, { cause: error });
      }
    },
    async stop() {
      isOn = false;
      await done;
    },
  };
}

/** A Pod through the API, and so past its policies, then in a network namespace of its own. */
async function runPod(
  { metadata: { name: deployment }, spec: { template } }: Workload,
  options: ControllersOptions,
  index: number,
): Promise<Running> {
  const { client, namespace, network, folder, envoy } = options;
  const name = `${deployment}-${index}`;
  const labels = template.metadata?.labels ?? {};
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name, namespace }, spec: template.spec };
  const object = await client.write<PodObject & ApiObject>('POST', `/api/v1/namespaces/${namespace}/pods`, { body });
  const pod = await network.pod(name, { transparent: false });
  const own = join(folder, 'pods', name);
  mkdirSync(own, { recursive: true });
  const { data } = await client.get(`/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`);
  const kubelet = await runInjected(pod.asApp[3] ?? '', pod, object, {
    folder: own,
    token: await accountToken(client, namespace, template.spec?.serviceAccountName ?? 'default', 'istio-ca'),
    rootPem: (data as Record<string, string>)['root-cert.pem'] ?? '',
    envoy,
  });
  const status = { phase: 'Running', podIP: pod.ip, podIPs: [{ ip: pod.ip }], conditions: [{ type: 'Ready', status: 'True' }] };
  await client.write('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
    body: { status },
    contentType: 'application/merge-patch+json',
  });
  return { pod, labels, kubelet };
}
