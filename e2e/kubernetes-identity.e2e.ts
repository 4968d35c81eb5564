/**
 * Who is who in a Kubernetes cluster: the control plane runs as the service account of our manifests, with their permissions and no more. Tokens,
 * roots, credentials and leadership against a real API server. Needs Go for its first build.
 */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateRoot } from '../src/ca/root.js';
import { intermediateOf, rootMaterial } from '../src/ca/testing/material.js';
import type { ApiObject } from '../src/kubernetes/api-object.js';
import { readTrustNote } from '../src/server/trust.js';
import { delta } from '../test/features/xds-client.js';
import { makeCertificates } from './harness/certificates.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { accountToken, requestCertificate, tokenCredentials } from './harness/kube-identity.js';
import { apply, applyDefinitions, applyPermissions, istioDefinitions, remove } from './harness/kube-objects.js';
import { type Mizzen, startMizzen } from './harness/mizzen.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const SYSTEM = 'istio-system';
const DAY = 24 * 60 * 60 * 1000;
const ACCOUNT = 'mizzen-mizzen';
const SECRET_TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

describe('identity in Kubernetes', () => {
  let folder: string;
  let api: KubeApi;
  const replicas: Mizzen[] = [];
  const namespace = (name: string, labels = {}): ApiObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  const account = (name: string, space = 'shop'): ApiObject => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: space } });
  const root = (index = 0): string => readTrustNote(join(folder, `data${index}`))?.rootPem ?? '';
  const rootIn = async (name: string): Promise<string | undefined> => {
    try {
      const { data } = await api.client.get(`/api/v1/namespaces/${name}/configmaps/istio-ca-root-cert`);
      return (data as Record<string, string>)['root-cert.pem'];
    } catch {
      return undefined;
    }
  };
  const secretText = async (name: string, key: string): Promise<string> => {
    const { data } = await api.client.get(`/api/v1/namespaces/${SYSTEM}/secrets/${name}`);
    return Buffer.from((data as Record<string, string>)[key] ?? '', 'base64').toString();
  };
  const writeSecret = (name: string, type: string, stringData: Record<string, string>): Promise<void> =>
    apply(api.client, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: SYSTEM }, type, stringData });
  /** A certificate from the first replica, and the root that was trusted for it. */
  const issued = async (): Promise<{ leaf: X509Certificate; root: string }> => {
    const { chain, error } = await requestCertificate(replicas[0]!.xdsTls, root(), await accountToken(api.client, 'shop', 'web', 'istio-ca'));
    if (chain[0] === undefined) throw new Error(error);
    return { leaf: new X509Certificate(chain[0]), root: root() };
  };
  const startReplica = async (index: number): Promise<void> => {
    replicas[index] = await startMizzen({
      dataDir: join(folder, `data${index}`),
      logFile: join(folder, `mizzen${index}.log`),
      args: ['--kubernetes', '--kubeconfig', join(folder, 'mizzen.kubeconfig'), '--revision', 'mizzen'],
    });
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-identity-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    api = await startKubeApi(join(folder, 'api'));
    for (const name of [SYSTEM, 'shop']) await apply(api.client, namespace(name, { mesh: 'on' }));
    await applyDefinitions(api.client, istioDefinitions());
    await applyPermissions(api.client);
    for (const name of ['web', 'gone', 'edge']) await apply(api.client, account(name));
    writeFileSync(join(folder, 'mizzen.kubeconfig'), api.kubeconfigFor(await accountToken(api.client, SYSTEM, ACCOUNT)), { mode: 0o600 });
    await startReplica(0);
  }, 900_000);
  afterAll(cleanup, 60_000);

  test('CA-008: the root is a Secret that any replica makes once', async () => {
    const { type, data } = await api.client.get(`/api/v1/namespaces/${SYSTEM}/secrets/istio-ca-secret`);
    expect(type).toBe('istio.io/ca-root');
    const pem = Buffer.from((data as Record<string, string>)['ca-cert.pem'] ?? '', 'base64').toString();
    expect(new X509Certificate(pem).fingerprint256).toBe(new X509Certificate(root()).fingerprint256);
    await startReplica(1);
    expect(root(1)).toBe(root(0));
  });

  test.each([
    ['CA-002: a token for istio-ca opens the door', 'istio-ca', ''],
    ['CL-014: … also to one that names our cluster', 'istio-ca', 'Kubernetes'],
  ])('%s', async (_, audience, cluster) => {
    const token = await accountToken(api.client, 'shop', 'web', audience);
    const { chain, error } = await requestCertificate(replicas[0]!.xdsTls, root(), token, cluster);
    expect(error).toBeUndefined();
    expect(new X509Certificate(chain[0]!).subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/web');
  });

  test('CA-002, CL-014: wrong audience, deleted account, unknown cluster and forged tokens are refused, each with its reason', async () => {
    const [good, elsewhere, deleted] = await Promise.all([
      accountToken(api.client, 'shop', 'web', 'istio-ca'),
      accountToken(api.client, 'shop', 'web', 'vault'),
      accountToken(api.client, 'shop', 'gone', 'istio-ca'),
    ]);
    const ask = (token: string, cluster?: string) => requestCertificate(replicas[0]!.xdsTls, root(), token, cluster);
    expect((await ask(deleted)).chain.length).toBeGreaterThan(0);
    const begun = performance.now();
    await remove(api.client, account('gone'));
    await until('the deleted account to be refused', async () => (await ask(deleted)).chain.length === 0 || undefined, { everyMs: 250 });
    measured(`a deleted account is refused after ${Math.round(performance.now() - begun)} ms`);
    const [head, body] = good.split('.');
    const answers = await Promise.all([
      ask(elsewhere),
      ask(deleted),
      ask(good, 'north'),
      ask(`${head}.${body}.${Buffer.alloc(256, 1).toString('base64url')}`),
    ]);
    measured(answers.map(({ code, error }) => `${code} ${error}`).join('\n'));
    expect(answers.map(({ chain, code }) => [chain.length, code])).toEqual(answers.map(() => [0, 16]));
    expect(answers[2]?.error).toContain('"north"');
  });

  test('CA-012, SD-030: the root is put into each selected namespace, put right when somebody changes it, and into namespaces that come later', async () => {
    await until('the root in shop', async () => (await rootIn('shop')) === root() || undefined, { timeoutMs: 40_000 });
    await apply(api.client, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio-ca-root-cert', namespace: 'shop' },
      data: { 'root-cert.pem': 'x' },
    } as never);
    await until('the root to be put right', async () => (await rootIn('shop')) === root() || undefined);
    await apply(api.client, namespace('later'));
    await until('the root in later', async () => (await rootIn('later')) === root() || undefined);
    const settings = { mesh: 'rootNamespace: istio-system\ndiscoverySelectors: [{ matchLabels: { mesh: "on" } }]\n' };
    await apply(api.client, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'istio-mizzen', namespace: SYSTEM }, data: settings });
    await sleep(1500);
    await apply(api.client, namespace('outside'));
    await apply(api.client, namespace('inside', { mesh: 'on' }));
    await until('the root in inside', async () => (await rootIn('inside')) === root() || undefined);
    expect(await rootIn('outside')).toBeUndefined();
    expect(await rootIn('kube-system')).toBeUndefined();
  });

  test('GW-012: credentials go to a gateway only while its account may list secrets', async () => {
    const files = (await makeCertificates(folder, ['shop.example']))['shop.example']!;
    const data = { 'tls.crt': readFileSync(files.crt).toString('base64'), 'tls.key': readFileSync(files.key).toString('base64') };
    await apply(api.client, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop-tls', namespace: 'shop' }, type: 'kubernetes.io/tls', data });
    await apply(api.client, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'shop' },
      spec: {
        selector: { app: 'edge' },
        servers: [
          { port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['shop.example'], tls: { mode: 'SIMPLE', credentialName: 'shop-tls' } },
        ],
      },
    });
    const token = await accountToken(api.client, 'shop', 'edge', 'istio-ca');
    const stream = delta(Number(replicas[0]!.xdsTls.split(':').at(-1)), tokenCredentials(root(), token));
    const metadata = { NAMESPACE: 'shop', SERVICE_ACCOUNT: 'edge', LABELS: { app: 'edge' }, CLUSTER_ID: 'Kubernetes' };
    stream.send({
      node: { id: 'router~10.0.0.1~edge.shop~shop.svc.cluster.local', cluster: 'edge', metadata } as never,
      typeUrl: SECRET_TYPE,
      resourceNamesSubscribe: ['kubernetes://shop-tls'],
    });
    const had = async (ms: number): Promise<boolean> => {
      const end = Date.now() + ms;
      while (Date.now() < end) {
        const response = await stream.poll(end - Date.now());
        if (response === undefined) break;
        stream.send({ typeUrl: SECRET_TYPE, responseNonce: response.nonce });
        if (response.resources.some(({ name, resource }) => name === 'kubernetes://shop-tls' && resource !== undefined)) return true;
      }
      return false;
    };
    expect(await had(3000)).toBe(false);
    stream.stop();
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'edge', namespace: 'shop' } };
    await apply(api.client, { ...role, kind: 'Role', rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }] });
    await apply(api.client, {
      ...role,
      kind: 'RoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'edge' },
      subjects: [{ kind: 'ServiceAccount', name: 'edge', namespace: 'shop' }],
    });
    const again = delta(Number(replicas[0]!.xdsTls.split(':').at(-1)), tokenCredentials(root(), token));
    again.send({
      node: { id: 'router~10.0.0.1~edge.shop~shop.svc.cluster.local', cluster: 'edge', metadata } as never,
      typeUrl: SECRET_TYPE,
      resourceNamesSubscribe: ['kubernetes://shop-tls'],
    });
    const names: string[] = [];
    for (let response = await again.poll(5000); response !== undefined && names.length === 0; response = await again.poll(3000)) {
      again.send({ typeUrl: SECRET_TYPE, responseNonce: response.nonce });
      names.push(...response.resources.flatMap(({ name, resource }) => (resource === undefined ? [] : [name])));
    }
    expect(names).toEqual(['kubernetes://shop-tls']);
    again.stop();
  });

  test('CL-001, CL-014: a remote cluster joins by a secret, vouches for its own accounts only, and leaves with the secret', async () => {
    const north = await startKubeApi(join(folder, 'north'));
    await apply(north.client, namespace('shop'));
    await apply(north.client, account('far'));
    await apply(north.client, account('reader', 'default'));
    const rules = [
      { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['authentication.k8s.io', 'authorization.k8s.io'], resources: ['tokenreviews', 'subjectaccessreviews'], verbs: ['create'] },
    ];
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'reader' } };
    await apply(north.client, { ...role, kind: 'ClusterRole', rules });
    await apply(north.client, {
      ...role,
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'default' }],
    });
    const kubeconfig = north.kubeconfigFor(await accountToken(north.client, 'default', 'reader'));
    const secret: ApiObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'istio-remote-secret-north', namespace: SYSTEM, labels: { 'istio/multiCluster': 'true' } },
      data: { north: Buffer.from(kubeconfig).toString('base64') },
    };
    await apply(api.client, secret);
    const token = await accountToken(north.client, 'shop', 'far', 'istio-ca');
    const ask = (cluster: string) => requestCertificate(replicas[0]!.xdsTls, root(), token, cluster);
    await until('the account of north to be accepted', async () => (await ask('north')).chain.length > 0 || undefined);
    expect(new X509Certificate((await ask('north')).chain[0]!).subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/far');
    expect((await ask('Kubernetes')).code).toBe(16);
    expect((await ask('')).code).toBe(16);
    await remove(api.client, secret);
    await until('the account of north to be refused', async () => (await ask('north')).error?.includes('no cluster is called "north"') || undefined);
  });

  test('CA-009: a root near its end is renewed in its Secret, once, and reaches all namespaces; what it signed stays good', async () => {
    const past = { now: () => Date.now() - 90 * DAY, after: () => () => undefined };
    const { certificatePem, keyPem } = await generateRoot({ trustDomain: 'cluster.local', lifetimeMs: 100 * DAY, clock: past });
    const before = await issued();
    await writeSecret('istio-ca-secret', 'istio.io/ca-root', { 'ca-cert.pem': certificatePem, 'ca-key.pem': keyPem });
    const renewed = await until('the Secret to hold a renewed root', async () => {
      const pem = await secretText('istio-ca-secret', 'ca-cert.pem');
      return pem !== certificatePem && pem !== before.root ? new X509Certificate(pem) : undefined;
    });
    expect(renewed.subject).toBe(new X509Certificate(certificatePem).subject);
    expect(renewed.publicKey.equals(new X509Certificate(certificatePem).publicKey)).toBe(true);
    expect(new Date(renewed.validTo).getTime()).toBeGreaterThan(Date.now() + 99 * DAY);
    await until(
      'both replicas to use it',
      async () => (root(0) === root(1) && new X509Certificate(root()).fingerprint256 === renewed.fingerprint256) || undefined,
    );
    await until('the root in shop', async () => (await rootIn('shop')) === root() || undefined);
    const { leaf } = await issued();
    for (const by of [certificatePem, renewed.toString()]) expect(leaf.verify(new X509Certificate(by).publicKey)).toBe(true);
  });

  test('CA-010: a Secret cacerts takes over while all runs, follows its changes, and leaves', async () => {
    const own = root();
    const parent = await rootMaterial();
    const rootPem = parent.certificate.toString('pem');
    const plug = async (name: string): Promise<void> => {
      const { certificate, key } = await intermediateOf(parent, { name });
      await writeSecret('cacerts', 'Opaque', {
        'ca-cert.pem': certificate,
        'ca-key.pem': key,
        'root-cert.pem': rootPem,
        'cert-chain.pem': certificate,
      });
      await until(`certificates by ${name}`, async () => (await issued().catch(() => undefined))?.leaf.issuer === `CN=${name}` || undefined);
    };
    await plug('first');
    await until(
      'its root in shop',
      async () => new X509Certificate((await rootIn('shop')) ?? own).fingerprint256 === new X509Certificate(rootPem).fingerprint256 || undefined,
    );
    await plug('second');
    await writeSecret('cacerts', 'Opaque', { 'ca-cert.pem': 'broken', 'ca-key.pem': 'broken', 'root-cert.pem': rootPem, 'cert-chain.pem': '' });
    await sleep(8000);
    expect((await issued()).leaf.issuer).toBe('CN=second');
    await api.client.write('DELETE', `/api/v1/namespaces/${SYSTEM}/secrets/cacerts`, { body: {} });
    await until('the own root again', async () => root(0) === own && root(1) === own, { timeoutMs: 20_000 });
    await until('the own root in shop', async () => (await rootIn('shop')) === own || undefined);
  });

  test('ST-008: when the leader ends another replica takes over', async () => {
    const holder = async (): Promise<string> => {
      const { spec } = await api.client.get(`/apis/coordination.k8s.io/v1/namespaces/${SYSTEM}/leases/mizzen-leader-mizzen`);
      return (spec as { holderIdentity: string }).holderIdentity;
    };
    const first = await holder();
    const leader = replicas.findIndex((one) => first.endsWith(`-${one.process.pid}`));
    expect(leader).toBeGreaterThanOrEqual(0);
    const begun = performance.now();
    await replicas[leader]!.stop();
    await until('another leader', async () => ![first, ''].includes(await holder()) || undefined, { timeoutMs: 40_000 });
    measured(`a leader that ends is replaced after ${Math.round(performance.now() - begun)} ms`);
    await apply(api.client, namespace('after', { mesh: 'on' }));
    await until('the new leader to work', async () => (await rootIn('after')) === root(1 - leader) || undefined);
  });
});
