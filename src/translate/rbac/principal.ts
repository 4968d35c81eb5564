/** What a rule asks of where a request comes from: the peer, its address, the token and headers (AZ-010 to AZ-015, AZ-021 to AZ-023). */
import type { Principal as Message } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import type { Partial } from '../proto.js';
import { addressRange } from './address-range.js';
import { claimIsOneOf, requestPrincipal as issuerAndSubject } from './claims.js';
import { type Condition, eachOf, type Logic } from './logic.js';
import { headerMatcher, prefix, quoteRegex, regex, type TextMatcher, textMatcherBehind } from './text-match.js';

export type Principal = Partial<Message>;
type Match = Condition<Principal>['oneOf'];

export const PRINCIPALS: Logic<Principal> = {
  any: { identifier: { $case: 'any', value: true } },
  and: (ids) => ({ identifier: { $case: 'andIds', value: { ids } } }),
  or: (ids) => ({ identifier: { $case: 'orIds', value: { ids } } }),
  not: (value) => ({ identifier: { $case: 'notId', value } }),
};

const SPIFFE = 'spiffe://';

const each = (matcher: (value: string) => Principal | undefined): Match => eachOf(PRINCIPALS, matcher);
/** The peer proved an identity by mutual TLS, and the name in its certificate matches. */
const peer = (matcher: (value: string) => TextMatcher): Match =>
  each((value) => ({ identifier: { $case: 'authenticated', value: { principalName: matcher(value) } } }));

/** `trust.domain/ns/NAMESPACE/sa/ACCOUNT`; `*` is any identity. */
export const principal: Match = peer((value) => textMatcherBehind(SPIFFE, value));

export const namespace: Match = peer((value) => regex(`.*/ns/${value.split('*').map(quoteRegex).join('.*')}/.*`));

/** `name` in the policy's own namespace, or `namespace/name`. */
export const serviceAccount = (policyNamespace: string): Match =>
  peer((value) => {
    const slash = value.indexOf('/');
    const [ns, account] = slash < 0 ? [policyNamespace, value] : [value.slice(0, slash), value.slice(slash + 1)];
    return regex(`${SPIFFE}.+/ns/${quoteRegex(ns)}/(.+/|)sa/${quoteRegex(account)}(/.+)?`);
  });

/** A wildcard never reaches over the end of the trust domain. */
export const trustDomain: Match = peer((value) => {
  if (value === '*') return prefix(SPIFFE);
  const star = value.indexOf('*');
  if (star < 0) return prefix(`${SPIFFE}${value}/`);
  return regex(`${SPIFFE}${quoteRegex(value.slice(0, star))}[^/]*${quoteRegex(value.slice(star + 1))}/.*`);
});

/** Address of the connection's other end. */
export const sourceIp: Match = each((value) => {
  const range = addressRange(value);
  return range && { identifier: { $case: 'directRemoteIp', value: range } };
});

/** Address of the client as X-Forwarded-For or the proxy protocol tell it, where they are trusted. */
export const remoteIp: Match = each((value) => {
  const range = addressRange(value);
  return range && { identifier: { $case: 'remoteIp', value: range } };
});

const fromMetadata = (value: ReturnType<typeof claimIsOneOf>): Principal => ({ identifier: { $case: 'metadata', value } });

export const requestPrincipal = (isTcp: boolean): Match => {
  if (isTcp) return () => undefined;
  return (values) => {
    const tokens = values.map((value) => PRINCIPALS.and(issuerAndSubject(value).map(fromMetadata)));
    return tokens.length === 1 ? tokens[0] : PRINCIPALS.or(tokens);
  };
};

/** undefined is a key without a proper path. */
export const claim = (claims: readonly string[] | undefined, isTcp: boolean): Match =>
  claims === undefined || isTcp ? () => undefined : (values) => fromMetadata(claimIsOneOf(claims, values));

/** Envoy refuses names with line breaks, and with them the listener. */
export const header = (name: string | undefined, isTcp: boolean): Match =>
  each((value) =>
    name === undefined || /[\0\r\n]/.test(name) || isTcp ? undefined : { identifier: { $case: 'header', value: headerMatcher(name, value) } },
  );
