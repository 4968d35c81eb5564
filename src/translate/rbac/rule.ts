/**
 * One rule of an AuthorizationPolicy as one RBAC policy: any of its operations, any of its sources, and all of its `when` conditions.
 * https://istio.io/latest/docs/reference/config/security/authorization-policy/#Rule
 */
import type { Policy } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import type { AuthorizationPolicySpec } from '../../api/istio.js';
import type { Partial } from '../proto.js';
import { bracketed, bracketedPath } from './brackets.js';
import { allOf, type Condition } from './logic.js';
import * as permission from './permission.js';
import { PERMISSIONS, type Permission } from './permission.js';
import * as principal from './principal.js';
import { PRINCIPALS, type Principal } from './principal.js';
import { domainsWithAliases, withAliases } from './trust-domain.js';

export type Rule = NonNullable<AuthorizationPolicySpec['rules']>[number];
/** The lists of a source or an operation, by field. */
type Lists = Readonly<Record<string, readonly string[] | undefined>>;

export interface RuleContext {
  /** The chain carries a byte stream: what only HTTP has cannot be asked. */
  readonly isTcp: boolean;
  /** The rule allows: conditions that cannot be asked may not be left out. */
  readonly strict: boolean;
  /** Of the policy. */
  readonly namespace: string;
  /** The mesh's own trust domain, then its aliases. */
  readonly trustDomains: readonly string[];
}

/** undefined when the rule cannot hold on this kind of chain. */
export function translateRule(rule: Rule, context: RuleContext): Partial<Policy> | undefined {
  const when = { permissions: [] as Condition<Permission>[], principals: [] as Condition<Principal>[] };
  for (const condition of rule.when ?? []) addWhen(condition.key ?? '', condition.values ?? [], condition.notValues ?? [], when, context);
  const operations = listed(rule.to, ({ operation }) => [...operationConditions((operation ?? {}) as Lists, context), ...when.permissions]);
  const sources = listed(rule.from, ({ source }) => [...sourceConditions((source ?? {}) as Lists, context), ...when.principals]);
  const permissions = (operations ?? [when.permissions]).map((conditions) => allOf(PERMISSIONS, conditions, context.strict));
  const principals = (sources ?? [when.principals]).map((conditions) => allOf(PRINCIPALS, conditions, context.strict));
  if (!isComplete(permissions) || !isComplete(principals)) return undefined;
  return { permissions, principals };
}

const listed = <T, R>(list: readonly T[] | undefined, map: (item: T) => R): R[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list.map(map);
const isComplete = <M>(list: (M | undefined)[]): list is M[] => !list.includes(undefined);

/** A field and its `not` twin as one condition; nothing when neither is given. */
function field<M>(lists: Lists, name: string, oneOf: Condition<M>['oneOf'], expand = (values: readonly string[]) => values): Condition<M>[] {
  const values = expand(lists[name] ?? []);
  const notValues = expand(lists[`not${name[0]?.toUpperCase()}${name.slice(1)}`] ?? []);
  return values.length + notValues.length === 0 ? [] : [{ values, notValues, oneOf }];
}

const operationConditions = (lists: Lists, { isTcp }: RuleContext): Condition<Permission>[] => [
  ...field(lists, 'hosts', permission.host(isTcp)),
  ...field(lists, 'methods', permission.method(isTcp)),
  ...field(lists, 'paths', permission.path(isTcp)),
  ...field(lists, 'ports', permission.destinationPort),
];

const sourceConditions = (lists: Lists, { isTcp, namespace, trustDomains }: RuleContext): Condition<Principal>[] => [
  ...field(lists, 'principals', principal.principal, (values) => withAliases(values, trustDomains)),
  ...field(lists, 'requestPrincipals', principal.requestPrincipal(isTcp)),
  ...field(lists, 'serviceAccounts', principal.serviceAccount(namespace)),
  ...field(lists, 'trustDomains', principal.trustDomain, (values) => domainsWithAliases(values, trustDomains)),
  ...field(lists, 'namespaces', principal.namespace),
  ...field(lists, 'remoteIpBlocks', principal.remoteIp),
  ...field(lists, 'ipBlocks', principal.sourceIp),
];

const HEADERS = 'request.headers';
const CLAIMS = 'request.auth.claims';
const FILTERS = 'experimental.';

/** Sorts a `when` condition to the side it belongs to. */
function addWhen(
  key: string,
  values: readonly string[],
  notValues: readonly string[],
  to: { permissions: Condition<Permission>[]; principals: Condition<Principal>[] },
  context: RuleContext,
): void {
  if (values.length + notValues.length === 0) return;
  const asked = whenPermission(key);
  if (asked !== undefined) {
    to.permissions.push({ values, notValues, oneOf: asked });
    return;
  }
  const { trustDomains } = context;
  const expand = (list: readonly string[]): readonly string[] => {
    if (key === 'source.principal') return withAliases(list, trustDomains);
    return key === 'source.trustDomain' ? domainsWithAliases(list, trustDomains) : list;
  };
  to.principals.push({ values: expand(values), notValues: expand(notValues), oneOf: whenPrincipal(key, context) });
}

function whenPermission(key: string): Condition<Permission>['oneOf'] | undefined {
  if (key === 'destination.ip') return permission.destinationIp;
  if (key === 'destination.port') return permission.destinationPort;
  if (key === 'connection.sni') return permission.serverName;
  return key.startsWith(`${FILTERS}envoy.filters.`) ? permission.filterMetadata(key.slice(FILTERS.length)) : undefined;
}

function whenPrincipal(key: string, { isTcp, namespace }: RuleContext): Condition<Principal>['oneOf'] {
  switch (key) {
    case 'source.ip':
      return principal.sourceIp;
    case 'remote.ip':
      return principal.remoteIp;
    case 'source.namespace':
      return principal.namespace;
    case 'source.principal':
      return principal.principal;
    case 'source.trustDomain':
      return principal.trustDomain;
    case 'source.serviceAccount':
      return principal.serviceAccount(namespace);
    case 'request.auth.principal':
      return principal.requestPrincipal(isTcp);
    case 'request.auth.audiences':
      return principal.claim(['aud'], isTcp);
    case 'request.auth.presenter':
      return principal.claim(['azp'], isTcp);
  }
  if (key.startsWith(HEADERS)) return principal.header(bracketed(key.slice(HEADERS.length)), isTcp);
  if (key.startsWith(CLAIMS)) return principal.claim(bracketedPath(key.slice(CLAIMS.length)), isTcp);
  // Validation knows the keys; one that got past it can never be asked.
  return () => undefined;
}
