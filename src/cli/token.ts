/** `mizzen token create|revoke|list`: the tokens with which machines join the mesh, by the key in the control plane's data folder. */
import type { Command } from 'commander';
import { issuedTokens, issueJoinToken } from '../ca/issued-tokens.js';
import { loadOrCreateJoinTokenKey } from '../ca/join-token-key.js';
import { Revocations } from '../ca/revocations.js';
import { readTrustNote } from '../server/trust.js';
import { dataDir, durationOption, failing } from './data-folder.js';
import { replaceFile } from './replace-file.js';

interface CreateOptions {
  namespace: string;
  serviceAccount: string;
  ttl: number;
  trustDomain?: string;
  dataDir: string;
  output?: string;
}

export function addToken(program: Command): void {
  const token = program.command('token').description('create, revoke and list the tokens with which workloads join');
  token
    .command('create')
    .description('print a token that lets its holder join as one workload; keep it private')
    .requiredOption('--namespace <ns>', 'namespace of the workload')
    .option('--service-account <sa>', 'service account: who the workload is', 'default')
    .addOption(durationOption('--ttl <duration>', 'how long the token lets a workload (re)connect').default(3_600_000, '1h'))
    .option('--trust-domain <domain>', "trust domain (default: the control plane's)")
    .option('--output <file>', 'put it into a file (mode 0600) in one step, such as the --token-file of a bootstrap, and not to standard output')
    .addOption(dataDir())
    .action(async (options: CreateOptions) => failing(() => create(options)));
  token
    .command('revoke')
    .description('refuse tokens from now on, at the next connection of whoever holds them')
    .argument('<id...>', 'ids of tokens, as list and create show them')
    .addOption(dataDir())
    .action(async (ids: string[], options: { dataDir: string }) => failing(() => revoke(ids, options.dataDir)));
  token
    .command('list')
    .description('show which tokens were handed out; never the tokens themselves')
    .option('--all', 'expired ones too')
    .option('--json', 'as JSON')
    .addOption(dataDir())
    .action(async (options: { all?: boolean; json?: boolean; dataDir: string }) => failing(() => list(options)));
}

async function create({ dataDir, namespace, serviceAccount, ttl, trustDomain, output }: CreateOptions): Promise<void> {
  const known = trustDomain ?? readTrustNote(dataDir)?.trustDomain ?? 'cluster.local';
  const { token, id, expiresAt } = await issueJoinToken(dataDir, { trustDomain: known, namespace, serviceAccount, ttlMs: ttl });
  if (output === undefined) process.stdout.write(`${token}\n`);
  else replaceFile(output, token);
  // Beside the token, so that a script's $(...) gets the token alone.
  process.stderr.write(`token ${id} of ${namespace}/${serviceAccount}, good until ${expiresAt.toISOString()}\n`);
}

async function revoke(ids: readonly string[], dataDir: string): Promise<void> {
  await loadOrCreateJoinTokenKey(dataDir); // makes the folder that the list of revoked tokens is in
  const known = new Set((await issuedTokens(dataDir)).map(({ id }) => id));
  const revocations = new Revocations(dataDir);
  for (const id of ids) {
    await revocations.revoke(id);
    process.stdout.write(`${id} revoked${known.has(id) ? '' : ' (not on the list of this data folder)'}\n`);
  }
}

async function list({ all, json, dataDir }: { all?: boolean; json?: boolean; dataDir: string }): Promise<void> {
  const revocations = new Revocations(dataDir);
  const rows: Record<'id' | 'identity' | 'issuedAt' | 'expiresAt' | 'state', string>[] = [];
  for (const issued of await issuedTokens(dataDir)) {
    const isExpired = Date.parse(issued.expiresAt) <= Date.now();
    if (isExpired && all !== true) continue;
    rows.push({ ...issued, state: (await revocations.has(issued.id)) ? 'revoked' : isExpired ? 'expired' : 'valid' });
  }
  if (json === true) {
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  const table = [['ID', 'STATE', 'EXPIRES', 'IDENTITY'], ...rows.map(({ id, state, expiresAt, identity }) => [id, state, expiresAt, identity])];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
