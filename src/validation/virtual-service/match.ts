/**
 * What an HTTP route matches. https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest
 */
import type { HTTPMatchRequest, StringMatch } from '../../api/istio.js';
import { each, eachEntry, type Findings } from '../findings.js';
import { matchName } from '../headers.js';
import { label, labelProblems, port } from '../names.js';
import { regex } from '../values.js';
import { validateGatewayNames } from './gateways.js';

export function validateMatches(matches: readonly HTTPMatchRequest[] | undefined, findings: Findings): void {
  each(matches, findings, (match, at) => {
    eachEntry(match.headers as Record<string, StringMatch> | undefined, at.at('headers'), (name, value, here) => {
      here.check(matchName(name));
      validateString(value, here);
    });
    eachEntry(match.withoutHeaders as Record<string, StringMatch> | undefined, at.at('withoutHeaders'), (name, value, here) => {
      here.check(matchName(name));
      // The regex '*' is no regular expression here: it asks that the header be absent.
      if (value.regex !== '*') validateString(value, here);
    });
    // Only a URI may match an empty prefix; Envoy refuses one elsewhere.
    validateRegex(match.uri as StringMatch | undefined, at.at('uri'));
    for (const field of ['scheme', 'method', 'authority'] as const) validateString(match[field] as StringMatch | undefined, at.at(field));
    eachEntry(match.queryParams as Record<string, StringMatch> | undefined, at.at('queryParams'), (_, value, here) => validateString(value, here));
    validateScope(match, at, false);
    if ((match.sourceNamespace ?? '') !== '') at.at('sourceNamespace').check(label(match.sourceNamespace!, 'namespace'));
  });
}

/** Port, source labels and gateways: what matches of all protocols have. The reference warns of old names of gateways in TLS routes only. */
export function validateScope(
  match: { port?: number; sourceLabels?: Record<string, string>; gateways?: string[] },
  findings: Findings,
  warns: boolean,
): void {
  if ((match.port ?? 0) !== 0) findings.at('port').check(port(match.port!));
  for (const [key, message] of labelProblems(match.sourceLabels)) findings.at('sourceLabels', key).error(message);
  validateGatewayNames(match.gateways, findings.at('gateways'), warns);
}

function validateString(match: StringMatch | undefined, findings: Findings): void {
  if (match?.prefix === '') findings.at('prefix').error('must not be empty');
  validateRegex(match, findings);
}

export function validateRegex(match: StringMatch | undefined, findings: Findings): void {
  if (match?.regex !== undefined) findings.at('regex').check(regex(match.regex));
}
