/**
 * Tables of who can reach whom (`e2e/security/*.yaml`, see the README there): one line per request, with the status that the caller must get and
 * the reason that the access log of the Envoy which decided must give.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkout } from './processes.js';
import type { Resource } from './scenario.js';

/** One line of a table. */
export interface Row {
  /** As it is written. */
  readonly text: string;
  readonly from: string;
  /** The pod whose Envoy decides, and so writes the log line. */
  readonly at: string;
  readonly plan: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the token that goes with it. */
  readonly token?: string;
  readonly status: number;
  readonly reason: string;
  /** What else holds, by name: `up:HEADER` that the server got, `down:HEADER` and `body` that the caller got; `-` for none. */
  readonly says: Readonly<Record<string, string>>;
}

/** Resources, and what holds under them. */
export interface Part {
  readonly given: string;
  readonly mesh: readonly Resource[];
  readonly rows: readonly Row[];
}

/** A file. */
export interface SecurityTable {
  readonly name: string;
  readonly why: string;
  /** Claims by the token's name; `key: other` signs with a key that nobody trusts. */
  readonly tokens: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly parts: readonly Part[];
}

type RawPart = Omit<Part, 'rows' | 'mesh'> & { readonly mesh?: readonly Resource[]; readonly table: string };

const folder = join(checkout, 'e2e/security');

/** All tables, by file name. `MIZZEN_SCENARIOS` (a part of the name) picks some. */
export function readTables(replace: (text: string) => string = (text) => text): SecurityTable[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file.includes(process.env['MIZZEN_SCENARIOS'] ?? ''))
    .toSorted()
    .map((file) => {
      const source = readFileSync(join(folder, file), 'utf8');
      const written = parse(source) as { why: string; tokens?: SecurityTable['tokens']; parts: RawPart[] };
      const filled = parse(replace(source)) as typeof written;
      const parts = filled.parts.map(({ given, mesh = [], table }, n) => ({
        given,
        mesh,
        // Who decides is told by names, not by the addresses that replace them.
        rows: linesOf(table).map((line, i) => rowOf(line, linesOf(written.parts[n]?.table ?? '')[i] ?? line, file)),
      }));
      return { name: file.replace(/\.yaml$/, ''), why: filled.why, tokens: filled.tokens ?? {}, parts };
    });
}

const linesOf = (table: string): string[] => table.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));

function rowOf(line: string, written: string, file: string): Row {
  const [from = '', request = '', status = '', reason, says = ''] = line.split('|').map((cell) => cell.trim());
  const [how = '', target = '', ...words] = request.split(/\s+/);
  const cut = /^(?<host>[^/]+)(?<path>\/.*)?$/.exec(target);
  if (reason === undefined || cut?.groups === undefined) throw new Error(`${file}: not a line of a table: ${line}`);
  const { host = '', path = '/' } = cut.groups;
  const { to, sni, token, at, body, ...headers } = namedValues(words);
  const plan =
    how === 'tcp'
      ? { how: 'tcp', url: `tcp://${host}` }
      : { how: 'http', method: how.replace('TLS-', ''), url: `${how.startsWith('TLS-') ? 'https' : 'http'}://${host}/`, path };
  const named = /(?:echo-|IP-|ing)(v\d|gateway|ress)/.exec(written)?.[1] ?? 'v1';
  return {
    text: written.replace(/\s+/g, ' ').trim(),
    from,
    at: at ?? (named === 'ress' ? 'gateway' : named),
    plan: { ...plan, ...(to && { to }), ...(sni && { sni }), ...(body && { body }), fresh: true, timeoutMs: 5000 },
    headers,
    ...(token && { token }),
    status: status === 'open' ? 200 : status === 'closed' ? 0 : Number(status),
    reason,
    says: namedValues(says.split(/\s+/).filter((word) => word !== '')),
  };
}

/** `name=value` words. */
const namedValues = (words: readonly string[]): { [name: string]: string } =>
  Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
