/** `mizzen bootstrap`: a workload's description → the bootstrap with which a stock Envoy joins the mesh. */
import { chmodSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../ca/errors.js';
import { issueJoinToken } from '../ca/issued-tokens.js';
import { NodeError, parseNode } from '../model/proxy-node.js';
import { type Address, defaultDataDir, formatAddress, parseAddress, parseMs } from '../server/options.js';
import { openAuthority, readTrustNote, type TrustNote } from '../server/trust.js';
import { CliError } from './cli-error.js';
import { envoyBootstrap } from './envoy-bootstrap.js';

interface Options {
  namespace: string;
  serviceAccount: string;
  name: string;
  ip: string;
  type: 'sidecar' | 'router';
  label: Record<string, string>;
  workloadGroup?: string;
  metadataJson?: Record<string, unknown>;
  xdsAddress?: Address;
  dataDir: string;
  adminAddress: string;
  adminPort: number;
  interception: 'NONE' | 'REDIRECT';
  output?: string;
  variant: 'delta' | 'sotw';
  plaintext?: boolean;
  tokenTtl: number;
  concurrency?: number;
  locality?: string;
  readinessPort?: number;
  trustDomain?: string;
  domain: string;
}

const CLUSTER_ID = 'Kubernetes';

export function addBootstrap(program: Command): void {
  program
    .command('bootstrap')
    .description('print a bootstrap for a stock Envoy that joins the mesh; it holds a token, so keep it private')
    .requiredOption('--namespace <ns>', 'namespace of the workload')
    .option('--service-account <sa>', 'service account: who the workload is', 'default')
    .requiredOption('--name <pod>', 'name of the workload instance')
    .requiredOption('--ip <ip>', 'address of the workload; several separated by commas')
    .addOption(new Option('--type <type>', 'sidecar, or router for a gateway').choices(['sidecar', 'router']).default('sidecar'))
    .option('--label <k=v>', 'label of the workload; repeatable', collectLabel, {})
    .option('--workload-group <name>', 'register the workload under this WorkloadGroup of its namespace while it is connected')
    .option('--metadata-json <json>', 'more node metadata, over what the other options say', parseObject)
    .option('--xds-address <host:port>', 'the control plane (default: 127.0.0.1:15012, or :15010 with --plaintext)', parsed(requireAddress))
    .option(
      '--data-dir <dir>',
      "the control plane's data folder, with the key that signs the token",
      process.env['MIZZEN_DATA_DIR'] ?? defaultDataDir(),
    )
    .option('--admin-address <host>', "address of Envoy's admin interface", parsed(requireIp), '127.0.0.1')
    .option('--admin-port <port>', "port of Envoy's admin interface, 0 for a free one", parsed(parsePort), 15000)
    .addOption(new Option('--interception <mode>', 'how traffic gets to the proxy').choices(['NONE', 'REDIRECT']).default('REDIRECT'))
    .option('--output <file>', 'write to a file (mode 0600) and not to standard output')
    .addOption(new Option('--variant <variant>', 'xDS variant').choices(['delta', 'sotw']).default('delta'))
    .option('--plaintext', 'join over plaintext as nobody: without token, and without a certificate for mutual TLS')
    .addOption(
      new Option('--token-ttl <duration>', 'how long the token lets the proxy (re)connect').argParser(parsed(parseMs)).default(2_592_000_000, '720h'),
    )
    .option('--concurrency <n>', 'worker threads, told to the control plane; give Envoy the same flag', parsed(parsePort))
    .option('--locality <region/zone/subzone>', 'where the workload runs')
    .option('--readiness-port <port>', 'port that answers /healthz/ready on all addresses', parsed(parsePort))
    .option('--trust-domain <domain>', "trust domain (default: the control plane's)")
    .option('--domain <domain>', 'domain of service names', 'cluster.local')
    .action(bootstrap);
}

async function bootstrap(options: Options): Promise<void> {
  const [ip = '', ...others] = options.ip.split(',');
  const { namespace, serviceAccount, name, type, domain } = options;
  const id = `${type}~${ip}~${name}.${namespace}~${namespace}.svc.${domain}`;
  const metadata = {
    NAMESPACE: namespace,
    SERVICE_ACCOUNT: serviceAccount,
    NAME: name,
    LABELS: options.label,
    INSTANCE_IPS: [ip, ...others].join(','),
    INTERCEPTION_MODE: options.interception,
    CLUSTER_ID,
    ...(options.workloadGroup !== undefined && { AUTO_REGISTER_GROUP: options.workloadGroup }),
    ...(options.plaintext !== true && { MIZZEN_CERTIFICATES: 'ads' }),
    ...(options.concurrency !== undefined && { PROXY_CONFIG: { concurrency: options.concurrency } }),
    ...options.metadataJson,
  };
  requireNode(id, metadata);
  const locality = localityOf(options.locality);
  const { readinessPort } = options;
  if (readinessPort !== undefined && options.adminPort === 0) throw new CliError('--readiness-port needs an --admin-port other than 0', 2);
  const trust = options.plaintext === true ? undefined : await credentials(options);
  const text = JSON.stringify(
    envoyBootstrap({
      id,
      cluster: `${options.label['app'] ?? name}.${namespace}`,
      metadata,
      ...(locality && { locality }),
      xds: options.xdsAddress ?? { host: '127.0.0.1', port: options.plaintext === true ? 15010 : 15012 },
      variant: options.variant,
      ...(trust && { trust }),
      admin: { host: options.adminAddress, port: options.adminPort },
      ...(readinessPort !== undefined && { readinessPort }),
    }),
    undefined,
    2,
  );
  write(options.output, `${text}\n`);
}

function requireNode(id: string, metadata: Record<string, unknown>): void {
  try {
    parseNode({ id, metadata });
  } catch (error) {
    if (error instanceof NodeError) throw new CliError(error.message, 2);
    throw error;
  }
}

async function credentials({ dataDir, namespace, serviceAccount, tokenTtl, trustDomain }: Options): Promise<{ rootPem: string; token: string }> {
  try {
    const note = readTrustNote(dataDir) ?? (await newTrust(dataDir, trustDomain));
    const { token } = await issueJoinToken(dataDir, { trustDomain: trustDomain ?? note.trustDomain, namespace, serviceAccount, ttlMs: tokenTtl });
    return { rootPem: note.rootPem, token };
  } catch (error) {
    throw new CliError(messageOf(error));
  }
}

/** Before the first `serve`: the root that it will find. */
async function newTrust(dataDir: string, trustDomain = 'cluster.local'): Promise<TrustNote> {
  const { rootPem } = await openAuthority({ dataDir, trustDomain });
  return { trustDomain, rootPem };
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

function collectLabel(text: string, labels: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected KEY=VALUE');
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
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
