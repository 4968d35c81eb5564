/**
 * AuthorizationPolicy. What a rule's values may be is in authorization-values.ts.
 * https://istio.io/latest/docs/reference/config/security/authorization-policy/
 */
import type { AuthorizationPolicy, AuthorizationPolicySpec } from '../api/istio.js';
import { attribute, notEmpty, pathTemplate, ports, serviceAccount, subnets, trustDomain } from './authorization-values.js';
import { each, type Findings } from './findings.js';
import { validateSelection } from './selector.js';

type Rule = NonNullable<AuthorizationPolicySpec['rules']>[number];
type Source = NonNullable<NonNullable<Rule['from']>[number]['source']>;
type Lists = Readonly<Record<string, readonly string[] | undefined>>;

const ADDRESSES = ['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'];
const ACCOUNTS = ['serviceAccounts', 'notServiceAccounts'];
const DOMAINS = ['trustDomains', 'notTrustDomains'];
const IDENTITIES = ['principals', 'notPrincipals', 'namespaces', 'notNamespaces'];
const REQUEST = ['requestPrincipals', 'notRequestPrincipals'];
/** Attributes that a TCP filter can check too. */
const TCP_SOURCE = [...IDENTITIES, ...ADDRESSES, ...ACCOUNTS];

const given = (lists: Lists, fields: readonly string[]): string | undefined => fields.find((field) => (lists[field] ?? []).length > 0);

export function validateAuthorizationPolicy(row: AuthorizationPolicy, findings: Findings): void {
  const spec = row.spec;
  const action = spec.action ?? 'ALLOW';
  const rules = spec.rules ?? [];
  validateSelection(spec, findings);
  if ((action === 'CUSTOM' || action === 'DENY') && rules.length === 0)
    findings.at('rules').error(`action ${action} never happens without rules; add an empty rule {} to match every request`);
  if (action === 'CUSTOM' && rules.length > 0 && (spec.provider?.name ?? '') === '')
    findings.at('provider', 'name').error('must be set for action CUSTOM');
  if (action !== 'CUSTOM' && spec.provider !== undefined) findings.at('provider').error(`must not be set for action ${action}`);
  each(spec.rules, findings.at('rules'), (rule, at) => {
    if (action === 'CUSTOM') refuseForCustom(rule, at);
    validateRule(rule, at);
    if (action === 'DENY' && deniesAllTcp(rule))
      at.warn('has HTTP attributes only, so it denies all traffic of TCP ports; add the ports that it is for');
  });
}

function validateRule(rule: Rule, findings: Findings): void {
  each(rule.from, findings.at('from'), (from, at) => {
    if (from.source === undefined) at.at('source').error('must be set');
    else validateSource(from.source, at.at('source'));
  });
  each(rule.to, findings.at('to'), (to, at) => {
    if (to.operation === undefined) return at.at('operation').error('must be set');
    const lists = to.operation as Lists;
    const here = at.at('operation');
    if (Object.values(lists).every((list) => (list ?? []).length === 0)) here.error('must not be empty');
    for (const [field, list] of Object.entries(lists)) {
      here.at(field).check(notEmpty(list));
      if (/ports$/i.test(field)) here.at(field).check(ports(list));
      if (/paths$/i.test(field)) here.at(field).check(pathTemplate(list));
    }
  });
  each(rule.when, findings.at('when'), ({ key, values = [], notValues = [] }, at) => {
    if (key === '') return at.at('key').error('must not be empty');
    if (values.length + notValues.length === 0) return at.error(`values or notValues must be set for ${key}`);
    at.at('values').check(attribute(key, values));
    at.at('notValues').check(attribute(key, notValues));
  });
}

function validateSource(source: Source, findings: Findings): void {
  const lists = source as Lists;
  if (given(lists, IDENTITIES) !== undefined && given(lists, ACCOUNTS) !== undefined)
    findings.at('serviceAccounts').error('must not be set together with principals or namespaces');
  if (Object.values(lists).every((list) => (list ?? []).length === 0)) findings.error('must not be empty');
  for (const [field, list] of Object.entries(lists)) {
    const check = ADDRESSES.includes(field) ? subnets : ACCOUNTS.includes(field) ? serviceAccount : DOMAINS.includes(field) ? trustDomain : notEmpty;
    findings.at(field).check(check(list));
  }
}

/** An external authorizer is asked before tokens and peers are known. */
function refuseForCustom(rule: Rule, findings: Findings): void {
  each(rule.from, findings.at('from'), ({ source }, at) => {
    for (const field of [...IDENTITIES, ...ACCOUNTS, ...DOMAINS, ...REQUEST])
      if (given((source ?? {}) as Lists, [field]) !== undefined) at.at('source', field).error('is not supported for action CUSTOM');
  });
  each(rule.when, findings.at('when'), ({ key }, at) => {
    const unsupported =
      ['source.namespace', 'source.serviceAccount', 'source.trustDomain', 'source.principal'].includes(key) || key.startsWith('request.auth.');
    if (unsupported) at.at('key').error(`${key} is not supported for action CUSTOM`);
  });
}

function deniesAllTcp(rule: Rule): boolean {
  const sources = (rule.from ?? []).map((from) => from.source).filter((source) => source !== undefined);
  const operations = (rule.to ?? []).map((to) => to.operation).filter((operation) => operation !== undefined);
  const tcpSource = sources.some((source) => given(source as Lists, TCP_SOURCE) !== undefined);
  const tcpOperation = operations.some((operation) => given(operation as Lists, ['ports', 'notPorts']) !== undefined);
  return operations.length > 0 ? !tcpOperation : sources.length > 0 && !tcpSource;
}
