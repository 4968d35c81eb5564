/**
 * A kubelet of a few lines: runs the init containers and the Envoy of an injected pod, or of a gateway's, in its network namespace, with the variables and the mounts that
 * the pod asks for. Only pods of the template `envoy`; images are our own checkout and the Envoy that the tests use.
 */
import { chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Container, type Pod as PodObject, PROXY_CONTAINER } from '../../src/injection/pod.js';
import type { Pod } from './pods.js';
import { checkout, node, type Running, run, start } from './processes.js';

const entry = join(checkout, 'bin', 'mizzen.js');
const PROXY_USER = 1337;

export interface Kubelet {
  /** Envoy, after the init containers are done. */
  readonly envoy: Running;
  /** As the kubelet renews a token: a new folder, and a link that is moved. */
  renewToken(token: string): void;
  /** Runs a container's hook and gives what it printed. */
  exec(command: readonly string[]): Promise<string>;
}

export interface PodFiles {
  /** A folder of the pod's own. */
  readonly folder: string;
  readonly token: string;
  readonly rootPem: string;
  readonly envoy: string;
}

/** Volumes of the template → where they are mounted. */
const MOUNTS = { proxy: '/etc/istio/proxy', pod: '/etc/istio/pod', tokens: '/var/run/secrets/tokens', roots: '/var/run/secrets/istio' } as const;

export async function runInjected(space: string, at: Pod, object: PodObject, files: PodFiles): Promise<Kubelet> {
  const { folder, rootPem } = files;
  for (const name of Object.keys(MOUNTS)) mkdirSync(join(folder, name), { recursive: true });
  chownSync(join(folder, 'proxy'), PROXY_USER, PROXY_USER);
  writeFileSync(join(folder, 'roots', 'root-cert.pem'), rootPem);
  for (const kind of ['labels', 'annotations'] as const) {
    const entries = Object.entries(object.metadata?.[kind] ?? {});
    writeFileSync(join(folder, 'pod', kind), entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n'));
  }
  let version = 0;
  const renewToken = (token: string): void => {
    const tokens = join(folder, 'tokens');
    const next = `..v${++version}`;
    mkdirSync(join(tokens, next));
    writeFileSync(join(tokens, next, 'istio-token'), token);
    symlinkSync(next, join(tokens, '..data_tmp'));
    renameSync(join(tokens, '..data_tmp'), join(tokens, '..data'));
    if (version === 1) symlinkSync('..data/istio-token', join(tokens, 'istio-token'));
  };
  renewToken(files.token);

  const mounts = Object.entries(MOUNTS).map(([name, path]) => `mkdir -p ${path}; mount --bind ${join(folder, name)} ${path}`);
  const within = (user: number): string[] => {
    const as = user === 0 ? '' : `setpriv --reuid=${user} --regid=${user} --clear-groups`;
    return ['ip', 'netns', 'exec', space, 'unshare', '-m', 'sh', '-ec', `${mounts.join('; ')}; exec ${as} "$@"`, 'sh'];
  };
  for (const { name, value } of sysctls(object)) await run('ip', ['netns', 'exec', space, 'sysctl', '-qw', `${name}=${value}`]);
  const init = object.spec?.initContainers ?? [];
  for (const container of init.filter(({ restartPolicy }) => restartPolicy !== 'Always')) {
    const [command = '', ...rest] = within(container.securityContext?.runAsUser ?? 0);
    const variables = Object.entries(environment(container, object, at)).map(([name, value]) => `${name}=${value}`);
    await run(command, [...rest, 'env', ...variables, node, entry, ...(container.args ?? [])]);
  }
  const isProxy = ({ name }: Container): boolean => name === PROXY_CONTAINER;
  const proxy = init.find(({ restartPolicy }) => restartPolicy === 'Always') ?? object.spec?.containers?.find(isProxy);
  if (proxy === undefined) throw new Error('the pod has neither a native sidecar nor a gateway');
  const user = proxy.securityContext?.runAsUser ?? 0;
  const envoy = start({
    name: `envoy of ${at.name}`,
    command: files.envoy,
    args: proxy.args ?? [],
    within: within(user),
    logFile: join(folder, 'envoy.log'),
  });
  return {
    envoy,
    renewToken,
    exec(command) {
      const [program = '', ...rest] = within(user);
      return run(program, [...rest, ...command]);
    },
  };
}

const sysctls = ({ spec }: PodObject): readonly { name: string; value: string }[] =>
  (spec?.securityContext as { sysctls?: { name: string; value: string }[] } | undefined)?.sysctls ?? [];

/** Variables with what `fieldRef` stands for. */
function environment({ env = [] }: Container, { metadata, spec }: PodObject, { ip }: Pod): Record<string, string> {
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata?.name,
    'metadata.namespace': metadata?.namespace,
    'spec.serviceAccountName': spec?.serviceAccountName ?? 'default',
    'spec.nodeName': 'node',
    'status.podIP': ip,
    'status.podIPs': ip,
    'status.hostIP': '127.0.0.1',
  };
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const path = (valueFrom?.['fieldRef'] as { fieldPath: string } | undefined)?.fieldPath;
      return [name, value ?? (path === undefined ? '' : (fields[path] ?? ''))];
    }),
  );
}
