/** `mizzen check`: whether a cluster is ready for this control plane, and what would change when istiod gives way to it. Reads, and writes nothing. */
import type { Command } from 'commander';
import { messageOf } from '../ca/errors.js';
import { connectCluster } from '../kubernetes/connect.js';
import { checkApiServer } from '../preflight/api-server.js';
import { checkCertificates } from '../preflight/certificates.js';
import { checkDefinitions } from '../preflight/definitions.js';
import { checkPermissions } from '../preflight/permissions.js';
import { type Finding, finding, formatFinding } from '../preflight/report.js';
import { checkSwitching } from '../preflight/switching.js';
import { checkWebhooks } from '../preflight/webhooks.js';
import { CliError } from './cli-error.js';

interface Options {
  kubeconfig?: string;
  context?: string;
  namespace: string;
  revision: string;
  serviceAccount?: string;
  mcs?: boolean;
  json?: boolean;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'look whether a Kubernetes cluster is ready: API, permissions, definitions, webhooks, certificates, clocks, and what switching from istiod would break',
    )
    .option('--kubeconfig <file>', 'kubeconfig; without it in-cluster, else KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--namespace <name>', 'namespace of the control plane', process.env['POD_NAMESPACE'] || 'istio-system')
    .option('--revision <name>', 'revision of the control plane', process.env['REVISION'] || 'default')
    .option('--service-account <name>', 'look at the permissions of this account of the namespace, not at your own')
    .option('--mcs', 'look at what Multi-Cluster Services need as well, for a control plane that runs with --mcs')
    .option('--json', 'print findings as JSON')
    .action(check);
}

async function check(options: Options): Promise<void> {
  const { namespace, revision, serviceAccount, mcs = false } = options;
  const api = await connectCluster(options).catch((error: unknown) => {
    throw new CliError(messageOf(error), 2);
  });
  const account = serviceAccount === undefined ? {} : { account: { namespace, name: serviceAccount } };
  const parts: readonly [string, () => Promise<readonly Finding[]>][] = [
    ['api', () => checkApiServer(api)],
    ['permissions', () => checkPermissions({ api, namespace, mcs, ...account })],
    ['definitions', () => checkDefinitions(api)],
    ['webhooks', () => checkWebhooks({ api, namespace, revision })],
    ['certificates', () => checkCertificates(api, namespace)],
    ['switching', () => checkSwitching(api, namespace, revision)],
  ];
  const findings: Finding[] = [];
  for (const [area, look] of parts) {
    const found = await look().catch((error: unknown) => [finding('error', area, messageOf(error))]);
    findings.push(...found);
    if (options.json !== true) for (const one of found) console.log(formatFinding(one));
    // Without the API nothing else can be said.
    if (area === 'api' && found.some(({ level, area: at }) => level === 'error' && at === 'api')) break;
  }
  api.close();
  if (options.json === true) console.log(JSON.stringify(findings, undefined, 2));
  const errors = findings.filter(({ level }) => level === 'error').length;
  if (errors > 0) throw new CliError(`${errors} thing${errors === 1 ? '' : 's'} to put right`);
}
