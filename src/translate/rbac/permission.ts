/** What a rule asks of the request and of where it goes: operations and the `when` keys about the destination (AZ-016 to AZ-020, AZ-024, AZ-025). */
import type { Permission as Message } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import { UriTemplateMatchConfig } from '@envoyproxy/xds-protos/envoy/extensions/path/match/uri_template/v3/uri_template_match.js';
import { type Partial, toAny } from '../proto.js';
import { addressRange } from './address-range.js';
import { anyValue, inList, metadata, textValue } from './claims.js';
import { type Condition, eachOf, type Logic } from './logic.js';
import { headerMatcher, ignoringCase, textMatcher } from './text-match.js';

export type Permission = Partial<Message>;
type Match = Condition<Permission>['oneOf'];

export const PERMISSIONS: Logic<Permission> = {
  any: { rule: { $case: 'any', value: true } },
  and: (rules) => ({ rule: { $case: 'andRules', value: { rules } } }),
  or: (rules) => ({ rule: { $case: 'orRules', value: { rules } } }),
  not: (value) => ({ rule: { $case: 'notRule', value } }),
};

const each = (matcher: (value: string) => Permission | undefined): Match => eachOf(PERMISSIONS, matcher);
/** Nothing of HTTP can be seen in a byte stream. */
const http = (isTcp: boolean, matcher: (value: string) => Permission | undefined): Match => each((value) => (isTcp ? undefined : matcher(value)));

export const destinationIp: Match = each((value) => {
  const range = addressRange(value);
  return range && { rule: { $case: 'destinationIp', value: range } };
});

export const destinationPort: Match = each((value) => {
  const port = Number(value);
  return /^\d+$/.test(value) && port <= 65535 ? { rule: { $case: 'destinationPort', value: port } } : undefined;
});

export const serverName: Match = each((value) => ({ rule: { $case: 'requestedServerName', value: textMatcher(value) } }));

/** Names of hosts do not know case. */
export const host = (isTcp: boolean): Match =>
  http(isTcp, (value) => ({
    rule: { $case: 'header', value: headerMatcher(':authority', value, (text) => ignoringCase(textMatcher(text))) },
  }));

export const method = (isTcp: boolean): Match => http(isTcp, (value) => ({ rule: { $case: 'header', value: headerMatcher(':method', value) } }));

/** Paths without the query. `{*}` is one segment, `{**}` any number of them. */
export const path = (isTcp: boolean): Match =>
  http(isTcp, (value) => {
    if (!value.includes('{*}') && !value.includes('{**}'))
      return { rule: { $case: 'urlPath', value: { rule: { $case: 'path', value: textMatcher(value) } } } };
    const pathTemplate = value.replaceAll('{*}', '*').replaceAll('{**}', '**');
    // Envoy refuses others, and with them the listener.
    if (pathTemplate.length > 256 || !/^\/[!-~]*$/.test(pathTemplate)) return undefined;
    return {
      rule: { $case: 'uriTemplate', value: { name: 'uri-template', typedConfig: toAny(UriTemplateMatchConfig, { pathTemplate }) } },
    };
  });

/** `envoy.filters.NAME[key]`: dynamic metadata of any filter. A value in brackets means an element of a list. */
export function filterMetadata(key: string): Match {
  const bracket = key.indexOf('[');
  const filter = key.slice(0, Math.max(bracket, 0));
  const name = key.slice(bracket + 1).replace(/\]$/, '');
  if (filter === '' || name === '') return () => undefined;
  return (values) => {
    const matchers = values.map((value) =>
      value.startsWith('[') && value.endsWith(']')
        ? inList(textValue(textMatcher(value.replace(/^[[\]]+|[[\]]+$/g, ''))))
        : textValue(textMatcher(value)),
    );
    return { rule: { $case: 'metadata', value: metadata(filter, [name], anyValue(matchers)) } };
  };
}
