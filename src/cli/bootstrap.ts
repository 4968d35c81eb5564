/** `mizzen bootstrap`: a workload's description → the bootstrap with which a stock Envoy joins the mesh. */
import { chmodSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ProxyConfig } from '../api/mesh-config.js';
import { messageOf } from '../ca/errors.js';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import { DEFAULT_PROXY_CONFIG } from '../model/mesh-config.js';
import { type Address, defaultDataDir, formatAddress, parseAddress, parseMs } from '../server/options.js';
import { type AppProbers, appProbes } from '../translate/bootstrap/app-probes.js';
import { envoyArguments } from '../translate/bootstrap/arguments.js';
import { type ProxyBootstrap, proxyBootstrap, unfollowed } from '../translate/bootstrap/proxy-bootstrap.js';
import { proxyMetadata } from '../translate/bootstrap/proxy-metadata.js';
import { serviceCluster } from '../translate/bootstrap/service-cluster.js';
import type { Json, Workload } from '../translate/bootstrap/workload.js';
import { CliError } from './cli-error.js';
import { envoyBootstrap } from './envoy-bootstrap.js';
import { joinCredentials } from './join-credentials.js';
import { overrideBootstrap, parsedNode, workloadSettings } from './workload-settings.js';
import { type FileTrust, secretFiles } from './xds-trust.js';

/** What the command is told; a pod tells it by its environment (pod-bootstrap.ts). */
export interface BootstrapOptions {
  namespace: string;
  serviceAccount: string;
  name: string;
  ip: string;
  type: 'sidecar' | 'router';
  label: Record<string, string>;
  annotation: Record<string, string>;
  config?: string[];
  meshConfig?: string;
  override?: string;
  printArgs?: boolean;
  workloadGroup?: string;
  metadataJson?: Record<string, unknown>;
  xdsAddress?: Address;
  dataDir: string;
  adminAddress: string;
  adminPort?: number;
  interception?: 'NONE' | 'REDIRECT' | 'TPROXY';
  output?: string;
  variant: 'delta' | 'sotw';
  plaintext?: boolean;
  tokenTtl: number;
  concurrency?: number;
  locality?: string;
  cluster: string;
  network?: string;
  networkView?: string;
  readinessPort?: number;
  metricsPort?: number;
  istioMetricNames?: boolean;
  trustDomain?: string;
  domain: string;
  /** File of the token, which may be renewed while Envoy runs. */
  tokenFile?: string;
  /** Credentials that are files, instead of a token of ours. */
  files?: FileTrust;
  appProbers?: { probers: AppProbers; port: number };
}

export function addBootstrap(program: Command): void {
  program
    .command('bootstrap')
    .description('print a bootstrap for a stock Envoy that joins the mesh; it holds a token, so keep it private')
    .requiredOption('--namespace <ns>', 'namespace of the workload')
    .option('--service-account <sa>', 'service account: who the workload is', 'default')
    .requiredOption('--name <pod>', 'name of the workload instance')
    .requiredOption('--ip <ip>', 'address of the workload; several separated by commas')
    .addOption(new Option('--type <type>', 'sidecar, or router for a gateway').choices(['sidecar', 'router']).default('sidecar'))
    .option('--label <k=v>', 'label of the workload; repeatable', collectPair, {})
    .option('--annotation <k=v>', 'annotation of the workload, such as proxy.istio.io/config; repeatable', collectPair, {})
    .option('--config <path...>', "the mesh's files and folders: ProxyConfigs and EnvoyFilters of them are followed")
    .option('--mesh-config <file>', 'MeshConfig as YAML: its defaultConfig is followed')
    .option('--override <file>', 'an Envoy bootstrap (YAML or JSON) to merge over the one that is made')
    .option('--workload-group <name>', 'register the workload under this WorkloadGroup of its namespace while it is connected')
    .option('--metadata-json <json>', 'more node metadata, over what the other options say', parseObject)
    .option('--xds-address <host:port>', 'the control plane (default: 127.0.0.1:15012, or :15010 with --plaintext)', parsed(requireAddress))
    .option(
      '--data-dir <dir>',
      "the control plane's data folder, with the key that signs the token",
      process.env['MIZZEN_DATA_DIR'] ?? defaultDataDir(),
    )
    .option('--admin-address <host>', "address of Envoy's admin interface", parsed(requireIp), '127.0.0.1')
    .option('--admin-port <port>', "port of Envoy's admin interface, 0 for a free one (default: ProxyConfig's, 15000)", parsed(parsePort))
    .addOption(
      new Option('--interception <mode>', "how traffic gets to the proxy (default: ProxyConfig's, REDIRECT)").choices(['NONE', 'REDIRECT', 'TPROXY']),
    )
    .option('--output <file>', 'write to a file (mode 0600) and not to standard output')
    .option('--print-args', 'with --output: print the flags for Envoy that ProxyConfig asks for (drain time, threads, flushing of logs)')
    .addOption(new Option('--variant <variant>', 'xDS variant').choices(['delta', 'sotw']).default('delta'))
    .option('--plaintext', 'join over plaintext as nobody: without token, and without a certificate for mutual TLS')
    .option(
      '--token-file <file>',
      'with --output: Envoy (1.38 or newer) reads the token from this file, and again when it is replaced (mizzen token create --output); made if it is not there',
    )
    .addOption(
      new Option('--token-ttl <duration>', 'how long the token lets the proxy (re)connect').argParser(parsed(parseMs)).default(2_592_000_000, '720h'),
    )
    .option('--concurrency <n>', 'worker threads, told to the control plane, and one of the flags of --print-args', parsed(parsePort))
    .option('--locality <region/zone/subzone>', 'where the workload runs')
    .addOption(new Option('--cluster <name>', 'cluster of the workload, as the control plane calls it').default(DEFAULT_SETTINGS.clusterId))
    .option('--network <name>', "network of the workload (default: its cluster's)")
    .option('--network-view <names>', 'networks whose endpoints the workload wants, with commas: of an east-west gateway its own (default: all)')
    .option(
      '--readiness-port <port>',
      "port that answers /healthz/ready on all addresses (default: ProxyConfig's statusPort, where it is not Istio's)",
      parsed(parsePort),
    )
    .option('--metrics-port <port>', 'port that answers /stats/prometheus on all addresses', parsed(parsePort))
    .option('--istio-metric-names', "show Istio's metrics under their exact names (needs an Envoy built with V8; about 13 MB)")
    .option('--trust-domain <domain>', "trust domain (default: the control plane's)")
    .option('--domain <domain>', 'domain of service names', 'cluster.local')
    .action(bootstrap);
}

/** Makes and writes a bootstrap. @throws CliError that says what is wrong with the options or the mesh's files */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  if (options.printArgs === true && options.output === undefined)
    throw new CliError('--print-args needs --output: standard output is for the flags', 2);
  if (options.tokenFile !== undefined && (options.output === undefined || options.plaintext === true))
    throw new CliError('--token-file needs --output, beside which Envoy is told of the token, and cannot go with --plaintext', 2);
  const [ip = '', ...others] = options.ip.split(',');
  const { namespace, serviceAccount, name, type, domain, label: labels, annotation: annotations } = options;
  const addresses = [ip, ...others];
  const id = `${type}~${ip}~${name}.${namespace}~${namespace}.svc.${domain}`;
  const said = {
    NAMESPACE: namespace,
    SERVICE_ACCOUNT: serviceAccount,
    NAME: name,
    LABELS: labels,
    INSTANCE_IPS: addresses.join(','),
    CLUSTER_ID: options.cluster,
    ...(options.network !== undefined && { NETWORK: options.network }),
    ...(options.networkView !== undefined && { REQUESTED_NETWORK_VIEW: options.networkView }),
    ...(Object.keys(annotations).length > 0 && { ANNOTATIONS: annotations }),
    ...(options.workloadGroup !== undefined && { AUTO_REGISTER_GROUP: options.workloadGroup }),
    ...(options.plaintext !== true && { MIZZEN_CERTIFICATES: 'ads' }),
    ...(options.concurrency !== undefined && { PROXY_CONFIG: { concurrency: options.concurrency } }),
    ...(options.interception !== undefined && { INTERCEPTION_MODE: options.interception }),
    ...(options.metricsPort !== undefined && { ENVOY_PROMETHEUS_PORT: options.metricsPort }),
    ...options.metadataJson,
  };
  const { config, patch } = workloadSettings(options, { id, metadata: said });
  const workload = { namespace, name, labels, annotations, addresses, ...(process.env['HOST_IP'] && { hostIp: process.env['HOST_IP'] }) };
  const admin = { host: options.adminAddress, port: options.adminPort ?? config.proxyAdminPort ?? 15000 };
  const readinessPort = options.readinessPort ?? statusPort(config);
  const { metricsPort } = options;
  for (const [flag, port] of [
    ['--readiness-port', readinessPort],
    ['--metrics-port', metricsPort],
  ] as const)
    if (port !== undefined && admin.port === 0) throw new CliError(`${flag} needs an --admin-port other than 0`, 2);
  const { settings, metadata, flags } = settingsOf(config, workload);
  const locality = localityOf(options.locality);
  const node = { id, metadata: { INTERCEPTION_MODE: config.interceptionMode ?? 'REDIRECT', ...metadata, ...said } };
  parsedNode(node);
  for (const note of unfollowed(config)) console.error(`mizzen: has no effect: ${note}`);
  const trust = options.plaintext === true ? undefined : (options.files ?? (await joinCredentials(options)));
  const made = envoyBootstrap({
    ...node,
    cluster: serviceCluster(config, workload),
    ...(locality && { locality }),
    xds: options.xdsAddress ?? discoveryAddress(config, options.plaintext === true),
    variant: options.variant,
    ...(trust && { trust }),
    admin,
    ...(readinessPort !== undefined && { readinessPort }),
    ...(metricsPort !== undefined && { metricsPort }),
    ...(options.istioMetricNames === true && { istioMetricNames: true }),
    ...(options.appProbers && { probes: appProbes(options.appProbers.probers, ip, options.appProbers.port) }),
    settings,
  });
  const patched = patch(made as JsonObject);
  const whole = options.override === undefined ? patched : overrideBootstrap(patched, options.override);
  for (const [path, secret] of Object.entries(trust !== undefined && 'tokenFile' in trust ? secretFiles(trust) : {}))
    write(path, `${JSON.stringify(secret)}\n`);
  write(options.output, `${JSON.stringify(whole, undefined, 2)}\n`);
  if (options.printArgs === true) process.stdout.write(`${flags.join(' ')}\n`);
}

/** @throws CliError that names the field of ProxyConfig which cannot be followed. */
function settingsOf(config: ProxyConfig, workload: Workload): { settings: ProxyBootstrap; metadata: Json; flags: readonly string[] } {
  try {
    return { settings: proxyBootstrap(config, workload), metadata: proxyMetadata(config), flags: envoyArguments(config, workload.addresses) };
  } catch (error) {
    throw new CliError(`ProxyConfig: ${messageOf(error)}`);
  }
}

/** Istio's default is its agent's own port: only another one was chosen by somebody. */
const statusPort = ({ statusPort: port }: ProxyConfig): number | undefined => (port === DEFAULT_PROXY_CONFIG.statusPort ? undefined : port);

/** Istio's default is the name of istiod in Kubernetes. */
function discoveryAddress({ discoveryAddress: text }: ProxyConfig, isPlaintext: boolean): Address {
  if (isPlaintext || text === undefined || text === DEFAULT_PROXY_CONFIG.discoveryAddress)
    return { host: '127.0.0.1', port: isPlaintext ? 15010 : 15012 };
  try {
    return requireAddress(text);
  } catch (error) {
    throw new CliError(`ProxyConfig: discoveryAddress: ${messageOf(error)}`);
  }
}

function write(output: string | undefined, text: string): void {
  if (output === undefined) {
    process.stdout.write(text);
    return;
  }
  writeFileSync(output, text, { mode: 0o600 });
  chmodSync(output, 0o600); // a file that was there before keeps its mode otherwise
}

function localityOf(text: string | undefined): { region: string; zone: string; sub_zone: string } | undefined {
  if (text === undefined) return undefined;
  const [region = '', zone = '', sub_zone = ''] = text.split('/');
  return { region, zone, sub_zone };
}

function collectPair(text: string, pairs: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected KEY=VALUE');
  return { ...pairs, [text.slice(0, at)]: text.slice(at + 1) };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidArgumentError('expected a JSON object');
  return value as Record<string, unknown>;
}

function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}

function requireAddress(text: string): Address {
  const found = parseAddress(text);
  if (found === undefined || found.port === 0) throw new Error(`${found === undefined ? text : formatAddress(found)} is not HOST:PORT`);
  return found;
}

function requireIp(text: string): string {
  if (isIP(text) === 0) throw new Error(`${JSON.stringify(text)} is not an IP address`);
  return text;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`${JSON.stringify(text)} is not a number from 0 to 65535`);
  return port;
}
