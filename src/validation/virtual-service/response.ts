/**
 * Redirects, direct responses and rewrites.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect
 */
import { headerText } from '../../api/header-text.js';
import type { HTTPDirectResponse, HTTPMatchRequest, HTTPRedirect, HTTPRewrite } from '../../api/istio.js';
import type { Findings } from '../findings.js';
import { port } from '../names.js';
import { regex } from '../values.js';

const KILOBYTE = 1024;

export const statusCode = (status: number): string | undefined =>
  status >= 200 && status <= 600 ? undefined : `${status} must be in the range 200 to 599`;

export function validateRedirect(redirect: HTTPRedirect | undefined, matches: readonly HTTPMatchRequest[] | undefined, findings: Findings): void {
  if (redirect === undefined) return;
  const { uri = '', authority = '', scheme = '', redirectCode = 0 } = redirect;
  for (const [field, text] of Object.entries({ uri, authority })) findings.at(field).check(headerText(text));
  const prefixRewrite = (redirect as { prefixRewrite?: string }).prefixRewrite ?? '';
  if (uri !== '' && prefixRewrite !== '') return findings.at('prefixRewrite').error('must not be set together with uri');
  if (prefixRewrite !== '' && matches?.some((match) => match.uri !== undefined && (match.uri as { prefix?: string }).prefix === undefined) === true)
    return findings.at('prefixRewrite').error('needs matches by uri.prefix only');
  const hasPort = redirect.port !== undefined || redirect.derivePort !== undefined;
  if (uri === '' && prefixRewrite === '' && authority === '' && !hasPort && scheme === '')
    return findings.error('uri, authority, scheme or port must be set');
  if (redirectCode !== 0 && (redirectCode < 300 || redirectCode > 399))
    return findings.at('redirectCode').error(`${redirectCode} must be in the range 300 to 399`);
  if (!['', 'http', 'https'].includes(scheme)) return findings.at('scheme').error(`'${scheme}' must be http or https`);
  if ((redirect.port ?? 0) > 0) findings.at('port').check(port(redirect.port!));
}

export function validateDirectResponse(response: HTTPDirectResponse | undefined, findings: Findings): void {
  if (response === undefined) return;
  const body = response.body as { string?: string; bytes?: string } | undefined;
  const size = body?.string === undefined ? Buffer.byteLength(body?.bytes ?? '', 'base64') : Buffer.byteLength(body.string);
  if (size > KILOBYTE * KILOBYTE) findings.at('body').error('must have less than 1 MiB');
  else if (size > 100 * KILOBYTE) findings.at('body').warn('more than 100 KiB make every push of this route heavy');
  findings.at('status').check(statusCode(response.status));
}

export function validateRewrite(rewrite: HTTPRewrite | undefined, findings: Findings): void {
  if (rewrite === undefined) return;
  const { uri = '', authority = '', uriRegexRewrite } = rewrite;
  for (const [field, text] of Object.entries({ uri, authority })) findings.at(field).check(headerText(text));
  if (uri !== '' && uriRegexRewrite !== undefined) findings.at('uriRegexRewrite').error('must not be set together with uri');
  if (uri === '' && authority === '' && uriRegexRewrite === undefined) findings.error('uri, uriRegexRewrite or authority must be set');
  if (uriRegexRewrite === undefined) return;
  const { match = '' } = uriRegexRewrite;
  if (match === '' || (uriRegexRewrite.rewrite ?? '') === '') findings.at('uriRegexRewrite').error('match and rewrite must both be set');
  else findings.at('uriRegexRewrite', 'match').check(regex(match));
}
