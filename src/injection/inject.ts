/**
 * Injection: a pod and the settings that hold for it → the pod with its proxy. Pure; the webhook and `mizzen inject` both come through here.
 * https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
 */
import type { EffectiveMeshConfig, ProxyConfig } from '../api/mesh-config.js';
import { mergeProxyConfig } from '../model/proxy-config.js';
import { parseValue } from '../yaml/parse-value.js';
import { annotationProblems } from './annotation-checks.js';
import type { InjectionPolicy } from './decision.js';
import { proxyIds } from './openshift.js';
import { orderContainers } from './order.js';
import { applyOverrides, withKeptOverrides } from './overrides.js';
import { type WorkloadOwner, workloadOwner } from './owner.js';
import { annotationsOf, type Container, findContainer, findProxy, labelsOf, type Pod, PROXY_CONTAINER, type Texts } from './pod.js';
import { rewriteProbes } from './probes.js';
import { announceSecurePort, mergeMetrics, pointsAtAgent, withoutScraping } from './prometheus.js';
import { earlierInjection, injectionStatus, STATUS, withoutAdded } from './status.js';
import { strategicMerge } from './strategic-merge.js';
import { firstOf, type Template, type TemplateInput } from './template-input.js';
import { BOOTSTRAP_CONTAINER } from './templates/envoy.js';
import { isNativeSidecar } from './templates/sidecar-container.js';
import type { Values } from './values.js';

/** What an installation says about injection. */
export interface InjectionConfig extends InjectionPolicy {
  readonly values: Values;
  readonly revision: string;
  readonly templates: Readonly<Record<string, Template>>;
  /** For pods that name none. */
  readonly defaultTemplates: readonly string[];
  /** Name → the templates that it stands for. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  readonly injectedAnnotations: Texts;
  /** Such as `fips-140-3`; '' for none. */
  readonly compliancePolicy: string;
}

/** One pod and what holds for it. */
export interface InjectionRequest {
  readonly pod: Pod;
  /** Of a workload whose pods are not made yet. @default from the pod */
  readonly owner?: WorkloadOwner;
  readonly meshConfig: EffectiveMeshConfig;
  readonly proxyConfig: ProxyConfig;
  readonly nativeSidecars: boolean;
  /** Variables that the webhook's path sets: `/inject/cluster/NAME/net/NETWORK`. */
  readonly variables?: Texts;
  /** Of the namespace, on OpenShift. */
  readonly namespaceAnnotations?: Texts;
}

const CLUSTER = 'ISTIO_META_CLUSTER_ID';
const NETWORK = 'ISTIO_META_NETWORK';
const NETWORK_LABEL = 'topology.istio.io/network';

/**
 * The pod with its proxy; the one that came is left as it was. Injecting the result again gives the result.
 * @throws Error that tells the pod's author what is wrong: annotations, templates, ports.
 */
export function injectPod(request: InjectionRequest, config: InjectionConfig): Pod {
  const original = structuredClone(request.pod);
  const problems = annotationProblems(annotationsOf(original));
  if (problems.length > 0) throw new Error(problems.join('; '));
  const input = templateInput(request, config, original);
  const { merged, added } = applyTemplates(input, original, config);
  const pod = applyOverrides(merged, original, added, request.proxyConfig);
  pod.metadata = { ...pod.metadata };
  finish(pod, added, request, config);
  return pod;
}

function templateInput(request: InjectionRequest, config: InjectionConfig, original: Pod): TemplateInput {
  const { meshConfig, proxyConfig, nativeSidecars } = request;
  const { uid, gid } = proxyIds(request.namespaceAnnotations);
  return {
    pod: withKeptOverrides(asAuthored(original, meshConfig.defaultConfig.statusPort ?? 15020)),
    owner: request.owner ?? workloadOwner(original),
    meshConfig,
    proxyConfig,
    values: config.values,
    revision: config.revision,
    nativeSidecars,
    proxyUid: uid,
    proxyGid: gid,
    compliancePolicy: config.compliancePolicy,
  };
}

/** The pod without what an earlier injection added. */
function asAuthored(pod: Pod, statusPort: number): Pod {
  const earlier = earlierInjection(pod);
  if (earlier === undefined) return pod;
  const annotations = annotationsOf(pod);
  const { [STATUS]: _, ...rest } = pointsAtAgent(annotations, statusPort) ? withoutScraping(annotations) : annotations;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: rest },
    spec: {
      ...pod.spec,
      containers: withoutAdded(pod.spec?.containers, earlier.containers),
      initContainers: withoutAdded(pod.spec?.initContainers, earlier.initContainers),
    },
  };
}

/** Each template over the result of the one before; `added` is all that they made. */
function applyTemplates(input: TemplateInput, original: Pod, config: InjectionConfig): { merged: Pod; added: Pod } {
  let [merged, added]: [Pod, Pod] = [original, {}];
  for (const name of templateNames(original, config)) {
    const template = Object.hasOwn(config.templates, name) ? config.templates[name] : undefined;
    if (template === undefined) throw new Error(`there is no template ${JSON.stringify(name)}, only ${Object.keys(config.templates).join(', ')}`);
    const overlay = template(input);
    added = strategicMerge(added, overlay);
    merged = strategicMerge(withNativeOverride(merged, added, input), overlay);
  }
  return { merged, added };
}

function templateNames(pod: Pod, { defaultTemplates, aliases }: InjectionConfig): readonly string[] {
  const asked = annotationsOf(pod)['inject.istio.io/templates'];
  const names = asked === undefined ? defaultTemplates : asked.split(',').map((name) => name.trim());
  return names.flatMap((name) => (Object.hasOwn(aliases, name) ? aliases[name]! : [name]));
}

/** What an author says about the proxy stands among the containers; of a native sidecar it belongs to the init containers. */
function withNativeOverride(pod: Pod, added: Pod, input: TemplateInput): Pod {
  const own = findContainer(PROXY_CONTAINER, pod.spec?.containers);
  const isNative = isNativeSidecar({ pod, nativeSidecars: input.nativeSidecars });
  if (!isNative || own === undefined || findContainer(PROXY_CONTAINER, added.spec?.initContainers) === undefined) return pod;
  const containers = pod.spec!.containers!.filter((container) => container !== own);
  return { ...pod, spec: { ...pod.spec, containers, initContainers: [...(pod.spec?.initContainers ?? []), own] } };
}

/** What is not a matter of templates, in the order of the reference. */
function finish(pod: Pod, added: Pod, request: InjectionRequest, config: InjectionConfig): void {
  const { meshConfig } = request;
  const { values, revision, injectedAnnotations } = config;
  const metadata = (pod.metadata ??= {});
  const variables = placeVariables(request, values);
  // A stock Envoy has no agent: who writes its bootstrap is told what an agent would be.
  const writer = findContainer(BOOTSTRAP_CONTAINER, pod.spec?.initContainers);
  const agent = writer ?? findProxy(pod);
  setVariables(agent, variables);
  if (writer === undefined) mergeMetrics(pod, meshConfig);
  if (writer === undefined) announceSecurePort(pod);
  const statusPort = meshConfig.defaultConfig.statusPort ?? 15020;
  rewriteProbes(pod, { rewrite: values.sidecarInjectorWebhook.rewriteAppHTTPProbe, statusPort, agent });
  const network = variables[NETWORK];
  if (network !== undefined) metadata.labels = { ...metadata.labels, [NETWORK_LABEL]: network };
  metadata.annotations = { ...metadata.annotations, [STATUS]: injectionStatus(added.spec ?? {}, revision), ...injectedAnnotations };
  pod.spec = orderContainers(pod.spec ?? {}, isHeld(request, values));
}

/** Cluster and network: of the settings, the webhook's path, the pod's label; the latter wins. */
function placeVariables({ pod, variables = {} }: InjectionRequest, { global }: Values): Texts {
  const cluster = firstOf(variables[CLUSTER], global.multiCluster.clusterName);
  const network = labelsOf(pod)[NETWORK_LABEL] ?? firstOf(variables[NETWORK], global.network);
  return { ...variables, ...(cluster !== '' && { [CLUSTER]: cluster }), ...(network !== '' && { [NETWORK]: network }) };
}

function setVariables(agent: Container | undefined, variables: Texts): void {
  const names = Object.keys(variables).sort();
  if (agent === undefined || names.length === 0) return;
  const kept = (agent.env ?? []).filter(({ name }) => variables[name] === undefined);
  agent.env = [...kept, ...names.map((name) => ({ name, value: variables[name]! }))];
}

/** The mesh's setting or the annotation's; a ProxyConfig resource has no such field. */
function isHeld({ pod, meshConfig }: InjectionRequest, { global }: Values): boolean {
  const text = annotationsOf(pod)['proxy.istio.io/config'];
  const own = text === undefined ? undefined : (parseValue(text) as ProxyConfig | null);
  const config = mergeProxyConfig(meshConfig.defaultConfig, own ?? undefined);
  return config['holdApplicationUntilProxyStarts'] === true || global.proxy.holdApplicationUntilProxyStarts === true;
}
