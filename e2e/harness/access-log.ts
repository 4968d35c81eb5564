/** What Envoys write about each request and connection, as the tables of `e2e/security` hold it against the reason that they give. */
import { readFileSync, statSync } from 'node:fs';
import { until } from './wait.js';

/** MeshConfig with a log line that says why, and these extension providers. All Envoys write into one file, which must be there and open to their user. */
export const reasoningMesh = (file: string, providers: readonly object[] = []): string => `
extensionProviders: ${JSON.stringify(providers)}
outboundTrafficPolicy: { mode: ALLOW_ANY }
accessLogFile: ${file}
accessLogEncoding: JSON
accessLogFormat: |
  { "step": "%REQ(X-STEP)%", "protocol": "%PROTOCOL%", "details": "%RESPONSE_CODE_DETAILS%", "flags": "%RESPONSE_FLAGS%",
    "ended": "%CONNECTION_TERMINATION_DETAILS%", "peer": "%DOWNSTREAM_PEER_URI_SAN%", "remote": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "local": "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "cluster": "%UPSTREAM_CLUSTER%", "dry": "%DYNAMIC_METADATA(envoy.filters.http.rbac)%", "path": "%REQ(:PATH)%" }
`;

/** A line of the log; what is absent is `-` or missing. */
export interface LogLine {
  readonly step?: string;
  readonly protocol?: string;
  readonly details?: string;
  readonly flags?: string;
  readonly ended?: string;
  readonly peer?: string;
  readonly remote?: string;
  /** Where the request went before Envoy took it: at a server, its own address. */
  readonly local?: string;
  readonly cluster?: string;
  readonly dry?: unknown;
}

/** Where the log ends now. */
export const endOf = (file: string): number => statSync(file).size;

/** The newest line behind `start` by whom it was sent to (`local`) that is about this request, or (TCP) about a connection from this address. */
export function lineAbout(
  file: string,
  start: number,
  about: { readonly local: string; readonly step?: string; readonly remote?: string },
): Promise<LogLine> {
  return until(
    `${file} to tell of ${JSON.stringify(about)}`,
    () =>
      readFileSync(file)
        .subarray(start)
        .toString()
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as LogLine)
        .filter(({ local }) => local === about.local)
        .findLast((line) => (about.step === undefined ? isAbsent(line.step) && line.remote === about.remote : line.step === about.step)),
    { timeoutMs: 2000, everyMs: 20 },
  );
}

export const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '-' || value === '';

/** What a reason of a table means in the log: nothing when it holds, else what the log says. */
export function differsFrom(reason: string, line: LogLine, identity: string): string | undefined {
  const said = JSON.stringify({ details: line.details, flags: line.flags, ended: line.ended, peer: line.peer, dry: line.dry });
  return holds(reason, line, identity) ? undefined : said;
}

function holds(reason: string, line: LogLine, identity: string): boolean {
  const [first = '', dry] = reason.split(', would be ');
  if (dry !== undefined && !saysDryRun(dry, JSON.stringify(line.dry ?? ''))) return false;
  const cause = isAbsent(line.details) || line.details === 'via_upstream' ? (isAbsent(line.ended) ? line.details : line.ended) : line.details;
  const passed = (isAbsent(cause) || cause === 'via_upstream') && isAbsent(line.flags);
  if (first === 'mtls') return passed && line.peer === identity;
  if (first === 'clear') return passed && isAbsent(line.peer);
  if (first === 'refused') return line.flags === 'NR' && line.details === 'filter_chain_not_found';
  if (first === 'no rule') return cause === 'rbac_access_denied_matched_policy[none]';
  if (first.startsWith('jwt ')) return (cause ?? '').startsWith(`jwt_authn_access_denied{${first.slice(4).replaceAll(' ', '_')}`);
  const policy = /^(?:(?<namespace>[\w-]+)\/)?(?<name>[\w-]+)\[(?<rule>\d+)\]$/.exec(first)?.groups;
  if (policy !== undefined) return cause === `rbac_access_denied_matched_policy[${policyName(policy)}]`;
  return `${line.flags} ${cause}` === first || cause === first;
}

const policyName = ({ namespace = 'app', name, rule }: { [part: string]: string | undefined }): string =>
  `ns[${namespace}]-policy[${name}]-rule[${rule}]`;

function saysDryRun(verdict: string, metadata: string): boolean {
  const policy = /^denied by (?<name>[\w-]+)\[(?<rule>\d+)\]$/.exec(verdict)?.groups;
  if (policy !== undefined) return metadata.includes('denied') && metadata.includes(policyName(policy));
  return metadata.includes(verdict);
}
