/**
 * Delegation: a route of one VirtualService is filled in by the routes of another that has no hosts (VS-035). Pure.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
 */
import type { HTTPMatchRequest, HTTPRoute, StringMatch } from '../api/istio.js';

/** Fields in which the delegate inherits what it does not set itself. A redirect, routes and their names are merged by their own rules. */
const INHERITED = [
  'rewrite',
  'directResponse',
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrorPercent',
  'mirror_percent',
  'mirrorPercentage',
  'corsPolicy',
  'mirrors',
  'headers',
] as const satisfies readonly (keyof HTTPRoute)[];

/** The delegate's routes under the root's route. Those whose matches contradict the root's are left out. */
export function mergeDelegate(root: HTTPRoute, delegates: readonly HTTPRoute[]): HTTPRoute[] {
  return delegates.flatMap((delegate) => {
    const match = mergeMatches(root.match ?? [], delegate.match ?? []);
    if (match === undefined) return [];
    const merged: Record<string, unknown> = { ...delegate, match };
    const name = joinNames(root.name, delegate.name);
    if (name !== undefined) merged['name'] = name;
    for (const field of INHERITED) if (delegate[field] === undefined && root[field] !== undefined) merged[field] = root[field];
    return [merged as HTTPRoute];
  });
}

/** Every pair that does not contradict; undefined when one of the delegate's matches fits none of the root's. */
function mergeMatches(roots: readonly HTTPMatchRequest[], delegates: readonly HTTPMatchRequest[]): readonly HTTPMatchRequest[] | undefined {
  if (roots.length === 0) return delegates;
  if (delegates.length === 0) return roots;
  const merged: HTTPMatchRequest[] = [];
  for (const delegate of delegates) {
    const fitting = roots.filter((root) => !contradict(root, delegate));
    if (fitting.length === 0) return undefined;
    for (const root of fitting) merged.push(mergeMatch(root, delegate));
  }
  return merged;
}

function mergeMatch(root: HTTPMatchRequest, delegate: HTTPMatchRequest): HTTPMatchRequest {
  const merged: Record<string, unknown> = { ...root };
  for (const [field, value] of Object.entries(delegate)) if (isSet(value)) merged[field] = value;
  for (const field of ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'] as const) {
    if (root[field] !== undefined || delegate[field] !== undefined) merged[field] = { ...root[field], ...delegate[field] };
  }
  const name = joinNames(root.name, delegate.name);
  if (name !== undefined) merged['name'] = name;
  return merged as HTTPMatchRequest;
}

/** True when no request that the delegate's match takes is surely one that the root's takes. */
function contradict(root: HTTPMatchRequest, delegate: HTTPMatchRequest): boolean {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    if (stringsContradict(root[field] as StringMatch | undefined, delegate[field] as StringMatch | undefined)) return true;
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    const ofRoot = root[field] as Record<string, StringMatch> | undefined;
    for (const [key, value] of Object.entries(delegate[field] ?? {})) if (stringsContradict(ofRoot?.[key], value as StringMatch)) return true;
  }
  if ((root.ignoreUriCase ?? false) !== (delegate.ignoreUriCase ?? false)) return true;
  if (root.port && delegate.port && root.port !== delegate.port) return true;
  if (root.sourceNamespace && delegate.sourceNamespace !== root.sourceNamespace) return true;
  for (const [key, value] of Object.entries(delegate.sourceLabels ?? {})) {
    const ofRoot = root.sourceLabels?.[key];
    if (ofRoot !== undefined && ofRoot !== value) return true;
  }
  const rootGateways = root.gateways ?? [];
  const delegateGateways = delegate.gateways ?? [];
  if (rootGateways.length === 0 || delegateGateways.length === 0) return false;
  return rootGateways.length < delegateGateways.length || delegateGateways.some((gateway) => !rootGateways.includes(gateway));
}

/** A regex can't be compared with anything; otherwise the delegate's must be inside the root's. */
function stringsContradict(root: StringMatch | undefined, delegate: StringMatch | undefined): boolean {
  if (root === undefined || delegate === undefined) return false;
  if ((root.regex && (delegate.regex || delegate.prefix || delegate.exact)) || (delegate.regex && (root.prefix || root.exact))) return true;
  if (root.exact) return Boolean(delegate.prefix) || delegate.exact !== root.exact;
  if (root.prefix) {
    const inner = delegate.prefix || delegate.exact;
    if (inner) return !inner.startsWith(root.prefix);
  }
  return true;
}

const joinNames = (root: string | undefined, delegate: string | undefined): string | undefined =>
  root && delegate ? `${root}-${delegate}` : delegate || root;

/** Empty values count as unset, as in the wire format that Istio merges. */
const isSet = (value: unknown): boolean => !(value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0));
