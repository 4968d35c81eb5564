/**
 * Names and values of HTTP headers, as VirtualServices set, add, remove and match them.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#custom-request-response-headers
 */
import { headerName } from '../api/header-text.js';
import type { Headers } from '../api/istio.js';
import { each, eachEntry, type Findings } from './findings.js';

const PSEUDO = new Set([':method', ':scheme', ':authority', ':path', ':status']);

const isAuthority = (name: string): boolean => /^(:authority|host)$/i.test(name);

/** Claim-based routing writes `@request.auth.claims.x` or `@request.auth.claims[x]` where a header name would stand. */
export function isClaim(name: string): boolean {
  const rest = /^@request\.auth\.claims(.*)$/is.exec(name)?.[1];
  return rest !== undefined && (/^\../s.test(rest) || /^\[.+\]$/s.test(rest));
}

/** A header's name where it is matched. */
export const matchName = (name: string): string | undefined => (isClaim(name) || PSEUDO.has(name) ? undefined : headerName(name));

function changedName(name: string, authority: boolean): string | undefined {
  if (name === '') return 'the name of a header must not be empty';
  if (authority && isAuthority(name)) return undefined;
  if (/^host$/i.test(name)) return 'the Host header must not be changed here';
  return name.startsWith(':') ? `'${name}': a pseudo header must not be changed` : undefined;
}

/** Request and response operations of a route or destination. */
export function validateHeaders(headers: Headers | undefined, findings: Findings): void {
  for (const side of ['request', 'response'] as const) {
    const operations = headers?.[side];
    const at = findings.at(side);
    for (const field of ['add', 'set'] as const) {
      eachEntry(operations?.[field], at.at(field), (name, value, entry) => {
        entry.check(changedName(name, side === 'request'));
        entry.check(headerValue(value));
      });
    }
    each(operations?.remove, at.at('remove'), (name, entry) => entry.check(changedName(name, false)));
  }
}

/** The authority may be rewritten in one place only. */
export function validateAuthority(rewritten: string | undefined, headers: Headers | undefined, findings: Findings): void {
  let current = rewritten ?? '';
  for (const field of ['set', 'add'] as const) {
    for (const [name, value] of Object.entries(headers?.request?.[field] ?? {})) {
      if (!isAuthority(name)) continue;
      if (current !== '') findings.at('headers', 'request', field, name).error(`the authority is already set to '${current}'`);
      current = value;
    }
  }
}

/** Plain text with Envoy's `%COMMAND(arguments)%`; a lone `%` must be doubled. */
export function headerValue(value: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) return 'a header value must not have control characters';
  let index = 0;
  while (index < value.length) {
    if (value[index] !== '%') index++;
    else if (value[index + 1] === '%') index += 2;
    else {
      const end = commandEnd(value, index + 1);
      if (end === undefined) return `'${value}': a '%' must be doubled or begin a command that ends with '%'`;
      index = end;
    }
  }
  return undefined;
}

/** Index behind the closing `%` of the command whose name begins at `start`. */
function commandEnd(value: string, start: number): number | undefined {
  const open = value.slice(start).search(/[%(]/);
  if (open < 0 || start >= value.length) return undefined;
  if (value[start + open] === '%') return start + open + 1;
  const rest = value.slice(start + open + 1);
  // Arguments are a JSON list of strings, or text up to the closing parenthesis.
  const list = /^ *\[ *"(?:\\.|[^\\")])*" *(?:, *"(?:\\.|[^\\")])*" *)*\] *\) *%/s.exec(rest);
  const text = /^ *[^ [](?:\\.|[^\\)"])*\) *%/s.exec(rest);
  const match = list ?? text;
  return match === null ? undefined : start + open + 1 + match[0].length;
}
