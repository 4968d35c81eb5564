/**
 * What `deploy/` holds against a real API server: its own validation, its policy for restricted pods, `mizzen check` over the permissions, and what the
 * guide on gateways applies. Needs Go for the first build of the API server.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { ApiObject } from '../src/kubernetes/api-object.js';
import { serverSideApply } from '../src/kubernetes/server-side-apply.js';
import type { Finding } from '../src/preflight/report.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { apply, applyDefinitions, gatewayApiDefinitions, istioDefinitions, pathOf } from './harness/kube-objects.js';
import { checkout, node } from './harness/processes.js';

const SYSTEM = 'istio-system';
const folder = join(checkout, 'deploy/manifests');
const manifests = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const objectsOf = (text: string): ApiObject[] =>
  parseAllDocuments(text).flatMap((one) => {
    if (one.errors[0] !== undefined) throw one.errors[0];
    return (one.toJS() as ApiObject | null) ?? [];
  });
const load = (name: string): ApiObject[] => objectsOf(readFileSync(join(folder, name), 'utf8'));

describe('installing on Kubernetes', () => {
  let api: KubeApi;

  beforeAll(async () => {
    const state = mkdtempSync(join(tmpdir(), 'mizzen-install-'));
    onCleanup(() => rmSync(state, { recursive: true, force: true }));
    api = await startKubeApi(state);
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' };
    await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM, labels } });
    await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await applyDefinitions(api.client, [...istioDefinitions(), ...gatewayApiDefinitions()]);
  }, 900_000);
  afterAll(cleanup, 60_000);

  /** As `kubectl apply --server-side --dry-run=server`, unknown fields refused. Answers the server's warnings. */
  const dryRun = async (object: ApiObject): Promise<string[]> => {
    const query = { fieldManager: 'e2e', force: 'true', dryRun: 'All', fieldValidation: 'Strict' };
    const { headers } = await api.client.send('PATCH', pathOf(object), { body: object, query, contentType: 'application/apply-patch+yaml' });
    return headers.warning === undefined ? [] : [String(headers.warning)];
  };

  test.each(manifests)('the API server takes all of %s, strictly and without a warning', async (name) => {
    const objects = load(name);
    expect(objects.length).toBeGreaterThan(10);
    const warnings: string[] = [];
    for (const object of objects) warnings.push(...(await dryRun(object)));
    expect(warnings).toEqual([]);
  });

  test.each(manifests)('pods of %s are fit for the restricted standard', async (name) => {
    for (const { kind, spec } of load(name)) {
      if (kind !== 'Deployment') continue;
      const { template } = spec as { template: { metadata: object; spec: object } };
      const body = { apiVersion: 'v1', kind: 'Pod', ...template, metadata: { ...template.metadata, name: 'mizzen', namespace: SYSTEM } };
      await api.client.write('POST', `/api/v1/namespaces/${SYSTEM}/pods`, { body, query: { dryRun: 'All' } });
      const { securityContext: _, ...spoiled } = template.spec as { securityContext?: object };
      const bad = { ...body, spec: spoiled };
      await expect(api.client.write('POST', `/api/v1/namespaces/${SYSTEM}/pods`, { body: bad, query: { dryRun: 'All' } })).rejects.toThrow(
        /restricted/,
      );
    }
  });

  test('`mizzen check` finds every permission that the control plane needs with the account of the manifests, and misses one that is taken away', async () => {
    const objects = load('mizzen.yaml');
    // Nobody answers at the webhooks: they come last in an installation, and have no part in this.
    for (const object of objects) if (object.kind?.endsWith('WebhookConfiguration') !== true) await apply(api.client, object);
    const check = (): Finding[] => {
      const args = ['check', '--kubeconfig', api.kubeconfig, '--revision', 'mizzen', '--service-account', 'mizzen-mizzen', '--json'];
      const { stdout } = spawnSync(node, [join(checkout, 'bin/mizzen.js'), ...args], { encoding: 'utf8' });
      return (JSON.parse(stdout) as Finding[]).filter(({ area }) => area === 'permissions');
    };
    expect(check().map(({ level }) => level)).toEqual(['ok']);
    const role = objects.find(({ kind }) => kind === 'ClusterRole') as ApiObject & { rules: { resources: string[] }[] };
    await apply(api.client, { ...role, rules: role.rules.filter(({ resources }) => !resources.includes('deployments')) });
    const [found] = check();
    expect(found).toMatchObject({ level: 'warning' });
    expect(found?.message).toContain('deployments');
    await apply(api.client, role);
  });

  test('GA-006: an annotation that is applied with the status of a Gateway does not stand, which is why we write none', async () => {
    const apiVersion = 'gateway.networking.k8s.io/v1';
    const metadata = { name: 'edge', namespace: 'shop' };
    const gateway = {
      apiVersion,
      kind: 'Gateway',
      metadata,
      spec: { gatewayClassName: 'other', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    };
    await apply(api.client, gateway as ApiObject);
    const path = pathOf(gateway as ApiObject);
    const annotations = { 'gateway.istio.io/controller-version': '5' };
    for (const status of [undefined, { addresses: [{ value: '192.0.2.1' }] }])
      await serverSideApply(api.client, `${path}/status`, { apiVersion, kind: 'Gateway', metadata: { annotations }, ...(status && { status }) });
    const found = await api.client.get<ApiObject & { status: object }>(path);
    expect(found.status).toMatchObject({ addresses: [{ value: '192.0.2.1' }] });
    expect(found.metadata.annotations).toBeUndefined();
  });

  test('what the guide on gateways applies is taken', async () => {
    const text = readFileSync(join(checkout, 'docs/guides/gateways-on-kubernetes.md'), 'utf8');
    const blocks = [...text.matchAll(/<<YAML\n([^]*?)\nYAML\n/g), ...text.matchAll(/```yaml\n([^]*?)\n```/g)].map(([, block = '']) => block);
    const objects = blocks.flatMap(objectsOf);
    expect(objects.map(({ kind }) => kind)).toEqual(['Gateway', 'HTTPRoute', 'ConfigMap']);
    for (const object of objects) expect(await dryRun(object)).toEqual([]);
  });
});
