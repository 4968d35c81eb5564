/** Rules of HTTPRoute and GRPCRoute as Istio's HTTP routes, one per match (GA-011..GA-015). Pure. */

import { parseDuration } from '../../api/duration.js';
import type { HTTPMatchRequest, HTTPRetry, HTTPRoute, HTTPRouteDestination } from '../../api/istio.js';
import type { Resource } from '../../api/resource.js';
import { type BackendContext, resolveBackend, weightedBackends } from './backends.js';
import { type Finding, Refused } from './finding.js';
import { GRPC_FILTERS, HTTP_FILTERS, headerFilters, ruleFilters } from './http-filters.js';
import { grpcMatch, httpMatch, httpMatches } from './http-matches.js';
import { byPrecedence } from './precedence.js';
import type { GrpcRouteRow, HttpRouteRow, HttpRule, RouteRule, RouteSpec } from './types.js';

/** The rules in order of precedence. */
export interface HttpRules {
  readonly routes: readonly HTTPRoute[];
  readonly findings: readonly Finding[];
  /** Why nothing of the route is served. */
  readonly refused?: Finding;
}

/** The API server fills in one rule that takes everything; files need not have it. */
const ANY_RULE: readonly HttpRule[] = [{}];

export const httpRules = (row: HttpRouteRow, context: BackendContext): HttpRules =>
  convert(row, row.spec.rules ?? ANY_RULE, (rule, name, field) => {
    const { route, findings } = ruleRoute(rule, name, field, HTTP_FILTERS, context);
    const timed = { ...route, ...retriesAndTimeouts(rule) };
    const matches = httpMatches(rule.matches);
    return { routes: matches.length === 0 ? [timed] : matches.map((match) => withMatch(timed, httpMatch(match))), findings };
  });

export const grpcRules = (row: GrpcRouteRow, context: BackendContext): HttpRules =>
  convert(row, row.spec.rules ?? [], (rule, name, field) => {
    const { route, findings } = ruleRoute(rule, name, field, GRPC_FILTERS, context);
    const matches = rule.matches ?? [];
    return { routes: matches.length === 0 ? [route] : matches.map((match) => withMatch(route, grpcMatch(match))), findings };
  });

/** Converts rule by rule. What is refused in one takes the others with it: half of a route is not what its author wrote. */
function convert<Rule extends RouteRule>(
  row: Resource<string, RouteSpec<Rule>>,
  rules: readonly Rule[],
  rule: (rule: Rule, name: string, field: string) => HttpRules,
): HttpRules {
  const { name, namespace } = row.metadata;
  const routes: HTTPRoute[] = [];
  const findings: Finding[] = [];
  try {
    for (const [i, each] of rules.entries()) {
      const field = `spec.rules[${i}]`;
      const made = rule(each, each.name ?? `${namespace}.${name}.${i}`, field);
      routes.push(...made.routes);
      findings.push(...made.findings);
      if (each.sessionPersistence !== undefined)
        findings.push({ code: 'unsupported', message: 'session persistence is not supported', field: `${field}.sessionPersistence` });
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { routes: [], findings: [...findings, error.finding], refused: error.finding };
  }
  return { routes: byPrecedence(routes), findings };
}

/** All of a rule but its matches. */
function ruleRoute(
  rule: RouteRule,
  name: string,
  field: string,
  filters: ReadonlySet<string>,
  context: BackendContext,
): { route: HTTPRoute; findings: readonly Finding[] } {
  const { fields, findings } = ruleFilters(rule.filters ?? [], filters, `${field}.filters`, (ref, at) => resolveBackend(ref, at, context));
  const route: HTTPRoute = { name, ...fields };
  const backends = weightedBackends(rule.backendRefs);
  if (backends.length === 0) {
    // Nobody to send the request to: 500 by the specification.
    return { route: route.redirect === undefined ? ({ ...route, directResponse: { status: 500 } } as HTTPRoute) : route, findings };
  }
  const unresolved: Finding[] = [];
  const destinations = backends.map(({ ref, index, weight }): HTTPRouteDestination => {
    const at = `${field}.backendRefs[${index}]`;
    const { destination, finding } = resolveBackend(ref, at, context);
    if (finding !== undefined) unresolved.push(finding);
    for (const { type } of ref.filters ?? []) {
      if (type !== 'RequestHeaderModifier' && type !== 'ResponseHeaderModifier')
        throw new Refused({
          code: 'unsupported',
          message: `filter type ${type} is not supported on a backend`,
          field: `${at}.filters`,
          reason: 'InvalidFilter',
        });
    }
    const headers = headerFilters(ref.filters ?? [], `${at}.filters`);
    return { destination, ...(backends.length === 1 ? {} : { weight }), ...(headers === undefined ? {} : { headers }) } as HTTPRouteDestination;
  });
  return { route: { ...route, route: destinations } as HTTPRoute, findings: [...findings, ...unresolved] };
}

const withMatch = (route: HTTPRoute, match: HTTPMatchRequest): HTTPRoute => ({ ...route, match: [match] });

/** Connection errors are retried whenever retries are asked for at all. */
const RETRY_ON = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled'];

/** A timeout of zero is none. One attempt's timeout is the whole request's when nothing is retried. */
function retriesAndTimeouts({ retry, timeouts }: HttpRule): Partial<HTTPRoute> {
  const request = nonZero(timeouts?.request);
  const attempt = nonZero(timeouts?.backendRequest);
  if (retry === undefined) {
    const timeout = attempt ?? request;
    return timeout === undefined ? {} : { timeout };
  }
  const attempts = retry.attempts ?? 2;
  const retries = {
    attempts,
    ...(attempts === 0 ? {} : { retryOn: [...RETRY_ON, ...(retry.codes ?? [])].join(',') }),
    ...(attempt === undefined ? {} : { perTryTimeout: attempt }),
    ...(retry.backoff === undefined ? {} : { backoff: retry.backoff }),
  } as HTTPRetry;
  return { retries, ...(request === undefined ? {} : { timeout: request }) };
}

const nonZero = (text: string | undefined): string | undefined => (text === undefined || !parseDuration(text) ? undefined : text);
