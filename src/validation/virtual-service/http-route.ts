/**
 * One HTTP route of a VirtualService: what it matches is in match.ts, its blocks have files of their own.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
 */
import type { HTTPRoute } from '../../api/istio.js';
import { each, type Findings } from '../findings.js';
import { validateAuthority, validateHeaders } from '../headers.js';
import { duration } from '../values.js';
import { validateCors } from './cors.js';
import { validateDestination, validateWeights } from './destination.js';
import { validateFault } from './fault.js';
import { validateMatches } from './match.js';
import { validateDirectResponse, validateRedirect, validateRewrite } from './response.js';
import { validateRetries } from './retries.js';

export function validateHttpRoute(route: HTTPRoute, delegate: boolean, findings: Findings): void {
  validateConflicts(route, delegate, findings);
  validateMatches(route.match, findings.at('match'));
  validateHeaders(route.headers, findings.at('headers'));
  validateCors(route.corsPolicy, findings.at('corsPolicy'));
  validateFault(route.fault, findings.at('fault'));
  validateMirrors(route, findings);
  validateRedirect(route.redirect, route.match, findings.at('redirect'));
  validateDirectResponse(route.directResponse, findings.at('directResponse'));
  validateRetries(route.retries, findings.at('retries'));
  validateRewrite(route.rewrite, findings.at('rewrite'));
  validateAuthority(route.rewrite?.authority, route.headers, findings);
  each(route.route, findings.at('route'), (entry, at) => {
    validateHeaders(entry.headers, at.at('headers'));
    validateDestination(entry.destination, at.at('destination'));
  });
  validateWeights(route.route, findings.at('route'));
  findings.at('timeout').check(duration(route.timeout));
}

/** A route does one thing: it forwards, redirects, answers or delegates. */
function validateConflicts(route: HTTPRoute, delegate: boolean, findings: Findings): void {
  const forwards = (route.route ?? []).length > 0;
  if (!delegate && route.delegate !== undefined) {
    if (route.redirect !== undefined) findings.at('redirect').error('must not be set together with delegate');
    if (forwards) findings.at('route').error('must not be set together with delegate');
    return;
  }
  if (delegate && route.delegate !== undefined) findings.at('delegate').error('a delegate must not delegate further');
  const answer = route.redirect !== undefined ? 'redirect' : route.directResponse !== undefined ? 'directResponse' : undefined;
  if (answer === undefined) {
    if (!forwards) findings.error('route, redirect or directResponse is required');
  } else {
    if (forwards) findings.at('route').error(`must not be set together with ${answer}`);
    for (const field of ['fault', 'rewrite'] as const)
      if (route[field] !== undefined) findings.at(field).error(`must not be set together with ${answer}`);
    if (answer === 'redirect' && route.directResponse !== undefined) findings.at('directResponse').error('must not be set together with redirect');
  }
  if (route.mirror !== undefined && (route.mirrors ?? []).length > 0) findings.at('mirror').error('must not be set together with mirrors');
}

function validateMirrors(route: HTTPRoute, findings: Findings): void {
  const share = (value: number | undefined): string | undefined =>
    value === undefined || (value >= 0 && value <= 100) ? undefined : `must be in the range 0 to 100, not ${value}`;
  if (typeof route.mirrorPercent === 'number') {
    findings.at('mirrorPercent').check(share(route.mirrorPercent));
    findings.at('mirrorPercent').warn('is deprecated; use mirrorPercentage');
  }
  findings.at('mirrorPercentage', 'value').check(share(route.mirrorPercentage?.value));
  validateDestination(route.mirror, findings.at('mirror'));
  each(route.mirrors, findings.at('mirrors'), (mirror, at) => {
    validateDestination(mirror.destination, at.at('destination'));
    at.at('percentage', 'value').check(share(mirror.percentage?.value));
  });
}
