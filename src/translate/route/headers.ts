/** Header operations of routes and destinations: set, add, remove and the host header. VS-021, VS-022. */
import { type HeaderValueOption, HeaderValueOption_HeaderAppendAction } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { DeepPartial } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { Headers } from '../../api/istio.js';
import type { RouteBlock } from './route-block.js';

type HeaderValues = Readonly<Record<string, string>> | undefined;

/** Header operations in Envoy's words; `authority` is '' when the host header stays. */
export interface HeaderOperationsOutcome {
  readonly requestHeadersToAdd: DeepPartial<HeaderValueOption>[];
  readonly requestHeadersToRemove: string[];
  readonly responseHeadersToAdd: DeepPartial<HeaderValueOption>[];
  readonly responseHeadersToRemove: string[];
  readonly authority: string;
}

/** Translates header operations. Envoy may not touch pseudo-headers and Host, so those are left out; a new Host becomes `authority`. */
export function headerOperations(headers: Headers): HeaderOperationsOutcome {
  const { request, response } = headers;
  return {
    requestHeadersToAdd: [...values(request?.set, true), ...values(request?.add, false)],
    requestHeadersToRemove: (request?.remove ?? []).filter(isPlain),
    responseHeadersToAdd: [...values(response?.set, true), ...values(response?.add, false)],
    responseHeadersToRemove: (response?.remove ?? []).filter(isPlain),
    authority: hostIn(request?.set) || hostIn(request?.add),
  };
}

/** HTTPRoute.headers. */
export const headersBlock: RouteBlock<Headers> = (draft, headers) => {
  if (headers === undefined) return;
  const { authority, ...operations } = headerOperations(headers);
  Object.assign(draft.route, operations);
  draft.authority = authority;
};

function values(headers: HeaderValues, overwrite: boolean): DeepPartial<HeaderValueOption>[] {
  return Object.entries(headers ?? {})
    .filter(([key]) => isPlain(key))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => ({
      header: { key, value },
      appendAction: overwrite
        ? HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
        : HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD,
    }));
}

const isPlain = (key: string): boolean => !key.startsWith(':') && key.toLowerCase() !== 'host';

function hostIn(headers: HeaderValues): string {
  const key = Object.keys(headers ?? {})
    .sort()
    .findLast((name) => [':authority', 'host'].includes(name.toLowerCase()));
  return key === undefined ? '' : (headers?.[key] ?? '');
}
