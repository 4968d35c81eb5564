/** Cross-origin policy of an HTTP route. https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy */
import { parseDuration, SECOND } from '../../api/duration.js';
import { headerName } from '../../api/header-text.js';
import type { CorsPolicy, StringMatch } from '../../api/istio.js';
import { each, type Findings } from '../findings.js';
import { duration } from '../values.js';
import { validateRegex } from './match.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', '*']);

export function validateCors(policy: CorsPolicy | undefined, findings: Findings): void {
  each(policy?.allowOrigins as StringMatch[] | undefined, findings.at('allowOrigins'), (origin, at) => {
    if ((origin.exact ?? origin.prefix ?? origin.regex ?? '') === '') at.error('must match something: exact, prefix or regex');
    else validateRegex(origin, at);
  });
  each(policy?.allowMethods, findings.at('allowMethods'), (method, at) => {
    if (!METHODS.has(method)) at.error(`'${method}' is no HTTP method`);
  });
  for (const field of ['allowHeaders', 'exposeHeaders'] as const) each(policy?.[field], findings.at(field), (name, at) => at.check(headerName(name)));
  if (policy?.maxAge === undefined) return;
  const problem = duration(policy.maxAge);
  const whole = (parseDuration(policy.maxAge) ?? 0) % SECOND === 0;
  findings.at('maxAge').check(problem ?? (whole ? undefined : 'must be a duration in whole seconds'));
}
