/**
 * `mizzen pod-bootstrap`: in the init container of an injected pod, writes the bootstrap of the stock Envoy beside it. All that it needs are the
 * variables that Istio's agent reads, and what Kubernetes mounts: labels, the token of the pod's account, the mesh's roots.
 * https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseProbers } from '../injection/probes.js';
import { DEFAULT_PROXY_CONFIG } from '../model/mesh-config.js';
import { defaultDataDir, parseAddress } from '../server/options.js';
import { type BootstrapOptions, bootstrap } from './bootstrap.js';
import { CliError } from './cli-error.js';

interface Options {
  type: 'sidecar' | 'router';
  xdsAddress: { host: string; port: number };
  output: string;
}

/** Where the templates mount things; Istio's places. */
const POD_INFO = '/etc/istio/pod';
const TOKEN = '/var/run/secrets/tokens/istio-token';
const ROOTS = '/var/run/secrets/istio/root-cert.pem';
const META = 'ISTIO_META_';
/** Variables that have an option of their own. */
const OPTIONS = new Set(['CLUSTER_ID', 'NETWORK', 'INTERCEPTION_MODE']);

export function addPodBootstrap(program: Command): void {
  program
    .command('pod-bootstrap')
    .description('write the bootstrap of the Envoy in an injected pod, from the environment that the injector made')
    .addOption(new Option('--type <type>', 'sidecar, or router for a gateway').choices(['sidecar', 'router']).default('sidecar'))
    .requiredOption('--xds-address <host:port>', 'the control plane', (text: string) => {
      const address = parseAddress(text);
      if (address === undefined) throw new InvalidArgumentError('expected HOST:PORT');
      return address;
    })
    .option('--output <file>', 'where Envoy reads it', '/etc/istio/proxy/envoy.json')
    .action((options: Options) => bootstrap(podOptions(options, process.env, (path) => readFileSync(path, 'utf8'))));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws CliError that names the variable which is missing or wrong */
export function podOptions(options: Options, env: Environment, read: (path: string) => string): BootstrapOptions {
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') throw new CliError(`the variable ${name} is not set: this runs in a pod that the injector made`);
    return value;
  };
  const folder = dirname(options.output);
  const proxyConfig = proxyConfigOf(env['PROXY_CONFIG']);
  return {
    ...options,
    namespace: needed('POD_NAMESPACE'),
    name: needed('POD_NAME'),
    serviceAccount: env['SERVICE_ACCOUNT'] || 'default',
    ip: env['INSTANCE_IPS'] || needed('INSTANCE_IP'),
    label: podInfo(read(join(POD_INFO, 'labels'))),
    annotation: podInfo(read(join(POD_INFO, 'annotations'))),
    cluster: env[`${META}CLUSTER_ID`] || 'Kubernetes',
    ...(env[`${META}NETWORK`] && { network: env[`${META}NETWORK`] }),
    ...(isMode(env[`${META}INTERCEPTION_MODE`]) && { interception: env[`${META}INTERCEPTION_MODE`] as 'REDIRECT' }),
    metadataJson: { ...metadata(env), ...(Object.keys(proxyConfig).length > 0 && { PROXY_CONFIG: proxyConfig }) },
    readinessPort: 15021,
    metricsPort: 15090,
    adminAddress: '127.0.0.1',
    variant: 'delta',
    domain: env['CLUSTER_DOMAIN'] || 'cluster.local',
    ...(env['TRUST_DOMAIN'] && { trustDomain: env['TRUST_DOMAIN'] }),
    files: { tokenFile: TOKEN, rootFile: ROOTS, tokenSecret: join(folder, 'xds-token.json'), rootSecret: join(folder, 'xds-roots.json') },
    appProbers: {
      probers: parseProbers(env['ISTIO_KUBE_APP_PROBERS']),
      port: Number(proxyConfig['statusPort'] ?? DEFAULT_PROXY_CONFIG.statusPort),
    },
    dataDir: defaultDataDir(),
    tokenTtl: 0,
  };
}

const isMode = (text: string | undefined): boolean => text === 'NONE' || text === 'REDIRECT' || text === 'TPROXY';

/** ISTIO_META_ variables, as the agent tells them. */
function metadata(env: Environment): Record<string, unknown> {
  const names = Object.keys(env).filter((name) => name.startsWith(META) && !OPTIONS.has(name.slice(META.length)));
  return Object.fromEntries(names.map((name) => [name.slice(META.length), env[name]]));
}

function proxyConfigOf(text = '{}'): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new CliError(`the variable PROXY_CONFIG is no JSON: ${(error as Error).message}`);
  }
}

/** Kubernetes writes `key="value"`, quoted as Go quotes. https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
function podInfo(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at < 1 ? [] : [[line.slice(0, at), unquoted(line.slice(at + 1))]];
  });
  return Object.fromEntries(pairs);
}

function unquoted(text: string): string {
  try {
    // Go's escapes are JSON's, but for bytes and long code points.
    return String(
      JSON.parse(
        text.replaceAll(/\\x([0-9a-f]{2})|\\U0*([0-9a-f]{5,6})/gi, (_, byte, point) => String.fromCodePoint(Number.parseInt(byte ?? point, 16))),
      ),
    );
  } catch {
    return text.replace(/^"|"$/g, '');
  }
}
