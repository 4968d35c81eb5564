/**
 * Whether a kubeconfig that came through the API may be used: it may hold certificates and tokens, but must not make us run programs, read our
 * files, or trust anybody (CL-002). Whoever may write one Secret would otherwise be us.
 */
import { parseValue } from '../yaml/parse-value.js';

type Tree = Record<string, unknown>;
interface Named {
  readonly name?: string;
  readonly cluster?: Tree;
  readonly user?: Tree;
}

const OF_USER: Readonly<Record<string, string>> = {
  exec: 'runs a program',
  'auth-provider': 'runs a provider of credentials',
  tokenFile: 'names a file',
  'client-certificate': 'names a file; use client-certificate-data',
  'client-key': 'names a file; use client-key-data',
};
const OF_CLUSTER: Readonly<Record<string, string>> = {
  'certificate-authority': 'names a file; use certificate-authority-data',
  'insecure-skip-tls-verify': 'trusts anybody',
};

/** What is wrong with the text; undefined when it may be used. */
export function kubeconfigProblem(text: string): string | undefined {
  let config: { clusters?: unknown; users?: unknown };
  try {
    const parsed: unknown = parseValue(text);
    if (typeof parsed !== 'object' || parsed === null) return 'is no kubeconfig';
    config = parsed;
  } catch {
    return 'is no YAML';
  }
  for (const { name, user } of named(config.users))
    for (const [field, why] of Object.entries(OF_USER)) if (user?.[field]) return `user ${JSON.stringify(name)}: ${field} ${why}`;
  for (const { name, cluster } of named(config.clusters)) {
    for (const [field, why] of Object.entries(OF_CLUSTER)) if (cluster?.[field]) return `cluster ${JSON.stringify(name)}: ${field} ${why}`;
    if (!String(cluster?.['server']).startsWith('https://')) return `cluster ${JSON.stringify(name)}: server is no https address`;
  }
  return named(config.clusters).length === 0 ? 'names no cluster' : undefined;
}

const named = (list: unknown): readonly Named[] =>
  (Array.isArray(list) ? list : []).filter((one): one is Named => typeof one === 'object' && one !== null);
