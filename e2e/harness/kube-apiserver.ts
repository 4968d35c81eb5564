/**
 * A real Kubernetes API on loopback (or in a pod network's hub): kube-apiserver and etcd in one process, without controllers or kubelets. Whoever
 * has the token `admin` may do all; service accounts get tokens by TokenRequest. Stopped and started again it is the same cluster.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findKubeApiserver } from '../../scripts/kube-apiserver.mjs';
import { ApiClient } from '../../src/kubernetes/api-client.js';
import { makeCertificates } from './certificates.js';
import { freePort } from './ports.js';
import { checkout, node, type Running, start } from './processes.js';
import { until } from './wait.js';

export interface KubeApi {
  /** May do all. Reaches the server only where it listens: on loopback. */
  readonly client: ApiClient;
  /** Kubeconfig of the same. */
  readonly kubeconfig: string;
  /** `https://host:port` */
  readonly address: string;
  /** PEM of the server's authority. */
  readonly ca: string;
  /** Text of a kubeconfig with a token. */
  kubeconfigFor(token: string): string;
  /** Ends the server; its data stays. */
  stop(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
}

const ADMIN = 'admin-of-tests';

/** Starts a server whose files lie in `folder`. `within` runs it in a network namespace, at `host`. */
export async function startKubeApi(
  folder: string,
  { host = '127.0.0.1', within }: { host?: string; within?: readonly string[] } = {},
): Promise<KubeApi> {
  const program = await findKubeApiserver((text) => process.stderr.write(`${text}\n`));
  mkdirSync(folder, { recursive: true });
  const files = (await makeCertificates(folder, [host]))[host]!;
  const ca = readFileSync(files.ca, 'utf8');
  const keyFile = join(folder, 'service-accounts.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${ADMIN},admin,admin,system:masters\n`);
  const [port, etcd] = [await freePort(), await etcdPort()];
  const address = `https://${host}:${port}`;
  const own = [`-etcd-folder=${join(folder, 'etcd')}`, `-etcd-port=${etcd}`, '--'];
  const flags = {
    'secure-port': port,
    'bind-address': host,
    'advertise-address': host === '127.0.0.1' ? '10.254.254.254' : host,
    'tls-cert-file': files.crt,
    'tls-private-key-file': files.key,
    'token-auth-file': tokens,
    'authorization-mode': 'RBAC',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-signing-key-file': keyFile,
    'service-account-key-file': keyFile,
    'service-cluster-ip-range': '10.96.0.0/16',
    'cert-dir': folder,
    // Without controllers nobody would make the account that this plugin waits for.
    'disable-admission-plugins': 'ServiceAccount',
    'endpoint-reconciler-type': 'none',
    v: 0,
  };
  const args = [...own, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)];
  const socketPath = within && (await forward(join(folder, 'api.sock'), host, port, within));
  const client = new ApiClient(address, async () => ({ ca, headers: { authorization: `Bearer ${ADMIN}` }, ...(socketPath && { socketPath }) }));
  const kubeconfigFor = (token: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: address, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor(ADMIN), { mode: 0o600 });
  let running: Running | undefined;
  const begin = async (): Promise<void> => {
    running = start({ name: 'kube-apiserver', command: program, args, logFile: join(folder, 'kube-apiserver.log'), ...(within && { within }) });
    await until('the Kubernetes API to be ready', async () => (await client.send('GET', '/readyz')).status === 200, {
      timeoutMs: 60_000,
      everyMs: 200,
    });
  };
  await begin();
  return {
    client,
    kubeconfig,
    address,
    ca,
    kubeconfigFor,
    start: begin,
    stop: async () => {
      client.close();
      await running?.stop(10_000);
    },
  };
}

/** A socket file leads into the network namespace: files are the same everywhere. */
async function forward(socket: string, host: string, port: number, within: readonly string[]): Promise<string> {
  const args = [join(checkout, 'e2e/harness/socket-forward.mjs'), socket, host, String(port)];
  await start({ name: 'way to the API server', command: node, args, within }).waitFor(/listening/);
  return socket;
}

/** Two ports side by side. */
async function etcdPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if ((await freePort(['127.0.0.1'], port + 1)) === port + 1) return port;
  }
}
