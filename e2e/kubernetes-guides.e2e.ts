/**
 * The commands of the guides on Kubernetes, run as they stand there, with kubectl and helm against a real API server and a control plane that leads. There
 * are no controllers and no kubelets: what needs those is left out by name. Needs Go for the first build of the three programs.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findHelm, findKubectl } from '../scripts/kube-tools.mjs';
import type { ApiObject } from '../src/kubernetes/api-object.js';
import { readTrustNote } from '../src/server/trust.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { guideCommands } from './harness/guide-commands.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { apply, applyDefinitions, gatewayApiDefinitions } from './harness/kube-objects.js';
import { startMizzen } from './harness/mizzen.js';
import { checkout, node } from './harness/processes.js';
import { until } from './harness/wait.js';

const KUBELET = 'needs a kubelet';
/** Part of a command → why it is not run. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'kubectl get -o yaml': 'names no object: it is spoken of, not shown',
  'istioctl proxy-status': `istioctl is run by hand, and ${KUBELET}`,
  'kubectl logs POD': KUBELET,
  'kubectl port-forward': KUBELET,
};
/** It finds what is not there yet, and no replica of the Deployment. */
const MAY_FAIL = 'mizzen check';

const MESH = 'accessLogFile: /dev/stdout\n';

interface Ran {
  readonly command: string;
  readonly output: string;
}

describe('commands of the guides on Kubernetes', () => {
  let folder: string;
  let api: KubeApi;
  const leftOut = new Set<string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-guides-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    api = await startKubeApi(join(folder, 'api'));
    const bin = join(folder, 'bin');
    const cwd = join(folder, 'cwd');
    for (const path of [bin, join(cwd, 'mesh')]) mkdirSync(path, { recursive: true });
    const say = (text: string): boolean => process.stderr.write(`${text}\n`);
    symlinkSync(await findKubectl(say), join(bin, 'kubectl'));
    symlinkSync(await findHelm(say), join(bin, 'helm'));
    writeFileSync(join(bin, 'mizzen'), `#!/bin/sh\nexec ${node} ${join(checkout, 'bin/mizzen.js')} "$@"\n`, { mode: 0o755 });
    symlinkSync(join(checkout, 'deploy'), join(cwd, 'deploy'));
    writeFileSync(join(cwd, 'north.kubeconfig'), api.kubeconfigFor('nobody'));
    await applyDefinitions(api.client, gatewayApiDefinitions());
    for (const name of ['shop', 'dev']) {
      await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await apply(api.client, deployment(name));
    }
  }, 900_000);
  afterAll(cleanup, 60_000);

  const run = (command: string): string => {
    const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, HOME: folder, KUBECONFIG: api.kubeconfig };
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: join(folder, 'cwd'), env, encoding: 'utf8', timeout: 120_000 });
    if (status !== 0 && !(command.startsWith(MAY_FAIL) && status === 1)) throw new Error(`${command}\nended with ${status}:\n${stdout}${stderr}`);
    return stdout + stderr;
  };
  /** Runs those of a guide that can be run; answers what they print. */
  const runAll = (guide: string, until: RegExp = /$^/, after: RegExp = /^/): Ran[] => {
    const commands = guideCommands(guide);
    const end = commands.findIndex((command) => until.test(command));
    const start = commands.findIndex((command) => after.test(command));
    expect(start).toBeGreaterThanOrEqual(0);
    return commands.slice(start, end < 0 ? undefined : end).flatMap((command) => {
      const reason = Object.keys(LEFT_OUT).find((part) => command.includes(part));
      if (reason === undefined) return [{ command, output: run(command) }];
      leftOut.add(reason);
      return [];
    });
  };
  const output = (ran: readonly Ran[], part: string): string => ran.find(({ command }) => command.includes(part))?.output ?? `no ${part}`;

  test('install: into an empty cluster, by Helm', async () => {
    const ran = runAll('kubernetes', /^kubectl get mutatingwebhook/);
    expect(output(ran, 'mizzen crds')).toContain('virtualservices.networking.istio.io serverside-applied');
    expect(output(ran, 'helm install')).toContain('STATUS: deployed');
    expect(ran.at(-1)?.output).toContain('system:serviceaccount:istio-system:mizzen-mizzen may do all that a control plane does');
    // Istiod's, which other guides read.
    const metadata = { name: 'istio', namespace: 'istio-system' };
    await apply(api.client, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mesh: MESH } } as ApiObject);
    // What the Deployment would run.
    await startMizzen({
      dataDir: join(folder, 'data'),
      logFile: join(folder, 'mizzen.log'),
      args: ['--kubernetes', '--kubeconfig', api.kubeconfig, '--revision', 'mizzen', '--webhook-address', '127.0.0.1:0'],
    });
    const root = Buffer.from(readTrustNote(join(folder, 'data'))?.rootPem ?? '').toString('base64');
    await until('the caBundle', async () => run('kubectl get mutatingwebhookconfiguration -o yaml').includes(root) || undefined, {
      timeoutMs: 40_000,
      everyMs: 1000,
    });
  }, 240_000);

  test('install: a namespace, upgrade and rollback', () => {
    const ran = runAll('kubernetes', undefined, /^kubectl get mutatingwebhook/);
    expect(output(ran, 'get mutatingwebhookconfiguration')).toContain('caBundle: LS0t');
    expect(output(ran, 'kubectl label namespace shop')).toContain('namespace/shop labeled');
    expect(output(ran, 'rollout restart')).toContain('deployment.apps/app restarted');
    expect(output(ran, 'helm install mizzen-2')).toContain('STATUS: deployed');
    expect(run('kubectl get mutatingwebhookconfiguration -l istio.io/tag=prod -o name')).toContain('istio-revision-tag-prod');
  }, 240_000);

  test('GA-002: gateways', async () => {
    const ran = runAll('gateways-on-kubernetes');
    expect(output(ran, '<<YAML')).toMatch(/edge created\n.*shop created/);
    const last = ran.find(({ command }) => command.startsWith('kubectl get deployment,service'))!.command;
    await until('what the guide expects', async () => (run(last).match(/edge-istio/g)?.length ?? 0) >= 3 || undefined, { timeoutMs: 40_000 });
  }, 120_000);

  test('moving from istiod, and back', () => {
    const ran = runAll('moving-from-istiod');
    expect(output(ran, 'get -n istio-system configmap istio')).toBe(MESH);
    expect(output(ran, 'istio-injection- istio.io/rev=mizzen')).toContain('namespace/dev');
    expect(JSON.parse(run('kubectl get namespace dev -o json'))).toMatchObject({ metadata: { labels: { 'istio-injection': 'enabled' } } });
    expect(run('kubectl get mutatingwebhookconfiguration -l istio.io/tag=default -o name')).toContain('istio-revision-tag-default');
    // VA-004: the default revision validates what names none.
    const names = run(`kubectl get validatingwebhookconfiguration istio-validator-mizzen-istio-system -o jsonpath='{.webhooks[*].name}'`);
    expect(names).toBe('rev.validation.istio.io validation.istio.io');
  }, 120_000);

  test('CL-001: several clusters', () => {
    const ran = runAll('several-clusters', undefined, /^kubectl create secret/);
    expect(output(ran, 'create secret')).toContain('secret/istio-remote-secret-north created');
    expect(run('kubectl get secret -n istio-system -l istio/multiCluster=true -o name')).toContain('istio-remote-secret-north');
  }, 120_000);

  test('bringing YAML from istiod', () => {
    runAll('migrating-from-istiod');
    expect(readFileSync(join(folder, 'cwd', 'mesh-config.yaml'), 'utf8')).toBe(MESH);
    expect(readFileSync(join(folder, 'cwd', 'mesh', 'cluster.yaml'), 'utf8')).toContain('name: shop');
  }, 120_000);

  test('troubleshooting: what can be asked without a kubelet, and nothing more was left out than is said here', () => {
    const ran = runAll('troubleshooting-kubernetes');
    expect(output(ran, '--show-labels')).toContain('istio.io/rev=mizzen');
    expect([...leftOut].sort()).toEqual(Object.keys(LEFT_OUT).sort());
  });
});

const deployment = (namespace: string): ApiObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace },
    spec: {
      selector: { matchLabels: { app: 'app' } },
      template: { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'app', image: 'none' }] } },
    },
  }) as ApiObject;
