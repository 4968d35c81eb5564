import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { run } from './program.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inject-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Output, notes and exit code of `mizzen inject` on a file of these objects. */
async function inject(text: string, ...more: string[]): Promise<{ out: string; notes: string; code: number }> {
  const file = join(folder, 'in.yaml');
  writeFileSync(file, text);
  const out: string[] = [];
  const notes: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => out.push(String(chunk)) > 0);
  const error = jest.spyOn(console, 'error').mockImplementation((line) => void notes.push(String(line)));
  const code = await run(['node', 'mizzen', 'inject', '-f', file, ...more]);
  write.mockRestore();
  error.mockRestore();
  return { out: out.join(''), notes: notes.join('\n'), code };
}
// oxlint-disable-next-line typescript/no-explicit-any -- objects of many kinds, read by their paths
const objects = (text: string): any[] => parseAllDocuments(text).map((document) => document.toJS());
const template = (annotations: object = {}): string =>
  JSON.stringify({ metadata: { labels: { app: 'a' }, annotations }, spec: { containers: [{ name: 'a', image: 'x' }] } });

describe('mizzen inject', () => {
  test.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'])(
    'IN-024: the pods of a %s get proxies that know their owner',
    async (kind) => {
      const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
      const { out, code } = await inject(
        `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: web, namespace: shop}, spec: {template: ${template()}}}`,
      );
      expect(code).toBe(0);
      const [{ spec }] = objects(out);
      const [, proxy] = spec.template.spec.initContainers;
      expect(proxy.env.find(({ name }: { name: string }) => name === 'ISTIO_META_OWNER').value).toBe(
        `kubernetes://apis/${apiVersion}/namespaces/shop/${kind.toLowerCase()}s/web`,
      );
      expect(spec.template.metadata.labels['service.istio.io/canonical-name']).toBe('a');
    },
  );

  test('IN-024: a CronJob has its labels where pods get them; Lists are looked into', async () => {
    const cronJob = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: web, namespace: shop}, spec: {schedule: '* * * * *', jobTemplate: {spec: {template: ${template()}}}}}`;
    const { out } = await inject(`{apiVersion: v1, kind: List, items: [${cronJob}, {apiVersion: v1, kind: Service, metadata: {name: web}}]}`);
    const [{ items }] = objects(out);
    const pods = items[0].spec.jobTemplate.spec.template;
    expect(pods.metadata.annotations['sidecar.istio.io/status']).toBeDefined();
    expect(pods.spec.initContainers.length).toBe(2);
    expect(items[1]).toEqual({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } });
  });

  test('IN-024: what has no pods stays as it was written, comments too', async () => {
    const service = '# a service\nkind: Service\napiVersion: v1\nmetadata: {name:   web}\n';
    const { out } = await inject(
      `${service}---\n{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: [{name: a}]}}\n`,
    );
    expect(out.startsWith(`${service}---\n`)).toBe(true);
    expect(objects(out).length).toBe(2);
  });

  test('IN-024 IN-003: what is not injected is told', async () => {
    const { out, notes } = await inject(
      '{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {hostNetwork: true, containers: [{name: a}]}}',
    );
    expect(objects(out)[0].spec.initContainers).toBeUndefined();
    expect(notes).toContain('Pod shop/a stays as it is: the pod uses the network of its node');
  });

  test('IN-024 IN-004: settings are those of the ConfigMap that Istio has', async () => {
    const config = join(folder, 'injector.yaml');
    const data = {
      config: 'policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: "{{ .Anything }}"\n',
      values: JSON.stringify({ global: { hub: 'registry.example/istio', tag: '1.29.1' }, revision: 'old' }),
    };
    writeFileSync(config, JSON.stringify({ kind: 'ConfigMap', data }));
    const pod = `{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, ${template().slice(template().indexOf('"spec"'))}`;
    const { out } = await inject(pod, '--inject-config', config, '--native-sidecars', 'false');
    const [{ spec, metadata }] = objects(out);
    expect(spec.containers.map(({ image }: { image: string }) => image)).toEqual(['x', 'registry.example/istio/proxyv2:1.29.1']);
    expect(metadata.annotations['istio.io/rev']).toBe('old');
  });

  test('IN-024 PC-002: ProxyConfigs of the mesh are followed', async () => {
    const mesh = join(folder, 'mesh.yaml');
    writeFileSync(mesh, '{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: p, namespace: shop}, spec: {concurrency: 3}}');
    const { out } = await inject(
      '{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: [{name: a}]}}',
      '--config',
      mesh,
    );
    expect(out).toContain('{"concurrency":3}');
  });

  test('IN-022: a bad pod ends it, with its name', async () => {
    const { code, notes } = await inject(
      '{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, annotations: {sidecar.istio.io/proxyCPU: much}}, spec: {containers: [{name: a}]}}',
    );
    expect(code).toBe(1);
    expect(notes).toContain('Pod shop/a: annotation sidecar.istio.io/proxyCPU: "much"');
  });
});
