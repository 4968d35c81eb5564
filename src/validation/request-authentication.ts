/** RequestAuthentication. https://istio.io/latest/docs/reference/config/security/request_authentication/ */
import type { RequestAuthentication, RequestAuthenticationSpec } from '../api/istio.js';
import { parseRequestUri } from '../api/url.js';
import { each, type Findings } from './findings.js';
import { validateSelection } from './selector.js';
import { duration } from './values.js';

type JWTRule = NonNullable<RequestAuthenticationSpec['jwtRules']>[number];

export function validateRequestAuthentication(row: RequestAuthentication, findings: Findings): void {
  validateSelection(row.spec, findings);
  each(row.spec.jwtRules, findings.at('jwtRules'), validateRule);
}

function validateRule(rule: JWTRule, findings: Findings): void {
  const uri = rule.jwksUri ?? '';
  if ((rule.issuer ?? '') === '' && uri === '') findings.error('issuer or jwksUri must be set');
  if (uri !== '' && !['http', 'https'].includes(parseRequestUri(uri)?.scheme ?? ''))
    findings.at('jwksUri').error('must be an http:// or https:// URL');
  if ((rule.jwks ?? '') !== '') validateKeys(rule.jwks!, findings.at('jwks'));
  for (const field of ['audiences', 'fromParams', 'fromCookies'] as const)
    each(rule[field], findings.at(field), (text, at) => {
      if (text === '') at.error('must not be empty');
    });
  each(rule.fromHeaders, findings.at('fromHeaders'), ({ name }, at) => {
    if (name === '') at.at('name').error('must not be empty');
  });
  each(rule.outputClaimToHeaders, findings.at('outputClaimToHeaders'), ({ header, claim }, at) => {
    if (header === '' || claim === '') at.error('header and claim must both be set');
    else if (!/^[-_A-Za-z0-9]+$/.test(header)) at.at('header').error(`'${header}' is no header name`);
  });
  findings.at('timeout').check(duration(rule.timeout));
}

/** A key set, or a single key. https://www.rfc-editor.org/rfc/rfc7517 */
function validateKeys(text: string, findings: Findings): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return findings.error(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const keys = typeof value === 'object' && value !== null ? ('keys' in value ? value.keys : [value]) : undefined;
  if (!Array.isArray(keys)) return findings.error('must be a JSON web key set: an object with a list of keys');
  for (const [index, key] of keys.entries() as IterableIterator<[number, Record<string, unknown>]>) {
    const problem = keyProblem(key);
    if (problem !== undefined) findings.error(`key ${index}: ${problem}`);
    else if (typeof key['d'] === 'string' || key['kty'] === 'oct') findings.warn(`key ${index} holds private material; only public keys are used`);
  }
}

const MEMBERS: Readonly<Record<string, readonly string[]>> = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'], oct: ['k'] };

function keyProblem(key: Record<string, unknown> | null): string | undefined {
  if (typeof key !== 'object' || key === null) return 'must be an object';
  const members = MEMBERS[String(key['kty'])];
  if (members === undefined) return `kty '${String(key['kty'])}' must be one of ${Object.keys(MEMBERS).join(', ')}`;
  const missing = members.find((member) => typeof key[member] !== 'string');
  return missing === undefined ? undefined : `${missing} is missing`;
}
