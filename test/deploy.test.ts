/** What the plain manifests promise: who is injected, how the control plane runs. They are made from the chart; `npm run check` sees that they are. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

interface Expression {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: string[];
}
interface Webhook {
  name: string;
  failurePolicy: string;
  clientConfig: { service: { name: string } };
  namespaceSelector?: { matchExpressions: Expression[] };
  objectSelector?: { matchExpressions: Expression[] };
}
// oxlint-disable-next-line typescript/no-explicit-any -- objects of many kinds, read by their paths
type Manifest = any;

const folder = join(dirname(fileURLToPath(import.meta.url)), '../deploy/manifests');
const load = (name: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, name), 'utf8'))
    .map((document) => document.toJS() as Manifest)
    .filter((object) => object !== null);
const of = (objects: readonly Manifest[], kind: string): Manifest => objects.find((object) => object.kind === kind);

const revision = load('mizzen.yaml');
const standard = load('mizzen-default.yaml');

type Labels = Readonly<Record<string, string | undefined>>;

/** As the API server chooses. */
function matches(expressions: readonly Expression[] = [], labels: Labels): boolean {
  return expressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return (value !== undefined) === (operator === 'Exists');
  });
}
const taking = (objects: readonly Manifest[], namespace: Labels, pod: Labels = {}): string[] =>
  (of(objects, 'MutatingWebhookConfiguration').webhooks as Webhook[])
    .filter((hook) => matches(hook.namespaceSelector?.matchExpressions, namespace) && matches(hook.objectSelector?.matchExpressions, pod))
    .map(({ name }) => name);

describe('who is injected', () => {
  const off = { 'sidecar.istio.io/inject': 'false' };
  const on = { 'sidecar.istio.io/inject': 'true' };
  const mine = { 'istio.io/rev': 'mizzen' };

  test('IN-002: a namespace or a pod chooses the revision by its label', () => {
    expect(taking(revision, mine)).toEqual(['rev.namespace.sidecar-injector.istio.io']);
    expect(taking(revision, {}, mine)).toEqual(['rev.object.sidecar-injector.istio.io']);
    expect(taking(revision, mine, off)).toEqual([]);
  });

  test('IN-002: a revision leaves to others what is theirs', () => {
    for (const labels of [{}, { 'istio.io/rev': 'other' }, { 'istio-injection': 'enabled' }, { ...mine, 'istio-injection': 'enabled' }])
      expect(taking(revision, labels)).toEqual([]);
    expect(taking(revision, {}, on)).toEqual([]);
  });

  test('IN-002: the default revision takes what names none, once', () => {
    expect(taking(standard, { 'istio-injection': 'enabled' })).toEqual(['namespace.sidecar-injector.istio.io']);
    expect(taking(standard, { 'istio-injection': 'enabled' }, off)).toEqual([]);
    expect(taking(standard, {}, on)).toEqual(['object.sidecar-injector.istio.io']);
    expect(taking(standard, { 'istio.io/rev': 'default' })).toEqual(['rev.namespace.sidecar-injector.istio.io']);
    for (const namespace of [{}, { 'istio-injection': 'disabled' }, mine]) expect(taking(standard, namespace)).toEqual([]);
    expect(taking(standard, { 'istio-injection': 'disabled' }, on)).toEqual([]);
  });

  test('VA-004: a revision validates what is labelled with it, the default one also what is not', () => {
    const selected = (objects: readonly Manifest[], labels: Labels): number =>
      (of(objects, 'ValidatingWebhookConfiguration').webhooks as Webhook[]).filter((hook) => matches(hook.objectSelector?.matchExpressions, labels))
        .length;
    expect([selected(revision, mine), selected(revision, {}), selected(revision, { 'istio.io/rev': 'other' })]).toEqual([1, 0, 0]);
    expect([selected(standard, { 'istio.io/rev': 'default' }), selected(standard, {}), selected(standard, mine)]).toEqual([1, 1, 0]);
  });

  test('VA-001: validation is open until it was seen to work', () => {
    for (const { failurePolicy } of of(revision, 'ValidatingWebhookConfiguration').webhooks as Webhook[]) expect(failurePolicy).toBe('Ignore');
  });
});

describe('how the control plane runs', () => {
  const { spec } = of(revision, 'Deployment');
  const pod = spec.template.spec;
  const [container] = pod.containers;

  test('proxies and the API server find it under the name of istiod', () => {
    expect(of(revision, 'Service').metadata.name).toBe('istiod-mizzen');
    expect(of(standard, 'Service').metadata.name).toBe('istiod');
    for (const objects of [revision, standard]) {
      const names = new Set((of(objects, 'MutatingWebhookConfiguration').webhooks as Webhook[]).map(({ clientConfig }) => clientConfig.service.name));
      expect([...names]).toEqual([of(objects, 'Service').metadata.name]);
      expect(of(objects, 'Service').spec.selector).toEqual(of(objects, 'Deployment').spec.selector.matchLabels);
      const ports = (of(objects, 'Service').spec.ports as { targetPort: string }[]).map(({ targetPort }) => targetPort);
      for (const port of ports)
        expect(of(objects, 'Deployment').spec.template.spec.containers[0].ports.map(({ name }: { name: string }) => name)).toContain(port);
    }
  });

  test('two replicas, spread, and one of them always there', () => {
    expect(spec.replicas).toBe(2);
    expect(pod.topologySpreadConstraints.map(({ topologyKey }: { topologyKey: string }) => topologyKey)).toContain('kubernetes.io/hostname');
    expect(of(revision, 'PodDisruptionBudget').spec.minAvailable).toBe(1);
  });

  test('restricted: not root, no privileges, nothing to write to but its own folders', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    expect(container.resources.requests).toBeDefined();
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) expect(container[probe]).toBeDefined();
  });

  test('secrets may be read for gateways, and written only where the root is', () => {
    const rules = of(revision, 'ClusterRole').rules as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    const secrets = rules.filter(({ apiGroups, resources }) => apiGroups.includes('') && resources.includes('secrets'));
    expect(secrets.flatMap(({ verbs }) => verbs).sort()).toEqual(['get', 'list', 'watch']);
    for (const { verbs } of rules) expect(verbs).not.toContain('*');
  });

  test('IN-004: the settings are the pod’s own image, namespace and cluster', () => {
    const maps = revision.filter(({ kind }) => kind === 'ConfigMap');
    const text = maps.find(({ data }) => data['settings.yaml'] !== undefined).data['settings.yaml'] as string;
    const [settings] = parseAllDocuments(text).map((document) => document.toJS());
    expect(settings.values).toMatchObject({
      revision: 'mizzen',
      global: { istioNamespace: 'istio-system', multiCluster: { clusterName: 'Kubernetes' } },
    });
    expect(settings.values.envoy.initImage).toBe(container.image);
  });
});
