/** Load balancing. https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings */
import { each, type Findings } from '../findings.js';
import { duration } from '../values.js';
import { validateLocality, validateZoneAware } from './locality.js';
import type { HashPolicy, LoadBalancer } from './types.js';

/** Envoy's largest table for Maglev. */
const MAGLEV_MAX = 5000011;

export function validateLoadBalancer(settings: LoadBalancer | undefined, outlier: object | undefined, findings: Findings): void {
  if (settings === undefined) return;
  if (settings.consistentHash !== undefined) validateHash(settings.consistentHash, findings.at('consistentHash'));
  const zoneAware = settings.zoneAwareLbSetting;
  if (settings.localityLbSetting !== undefined && zoneAware !== undefined)
    findings.error('only one of localityLbSetting and zoneAwareLbSetting may be set');
  validateLocality(settings.localityLbSetting, outlier !== undefined, findings.at('localityLbSetting'));
  validateZoneAware(zoneAware, outlier !== undefined, findings.at('zoneAwareLbSetting'));
  const { warmup } = settings;
  if (warmup === undefined) return;
  findings.at('warmup', 'duration').check(duration(warmup.duration));
  if ((warmup.minimumPercent ?? 0) > 100) findings.at('warmup', 'minimumPercent').error('must not be above 100');
  if (typeof warmup.aggression === 'number' && warmup.aggression <= 0) findings.at('warmup', 'aggression').error('must be above 0');
}

function validateHash(hash: HashPolicy, findings: Findings): void {
  const cookie = hash.httpCookie;
  if (cookie !== undefined && (cookie.name ?? '') === '') findings.at('httpCookie', 'name').error('is required');
  const names = new Set<string>();
  each(cookie?.attributes, findings.at('httpCookie', 'attributes'), ({ name = '' }, at) => {
    if (name === '') at.at('name').error('must not be empty');
    else if (names.has(name)) at.at('name').error(`'${name}' is there twice`);
    names.add(name);
  });
  if ((hash.minimumRingSize ?? 0) !== 0) {
    findings.at('minimumRingSize').warn('is deprecated; use ringHash.minimumRingSize');
    if (hash.maglev !== undefined || hash.ringHash !== undefined)
      findings.at('minimumRingSize').error('must not be set together with ringHash or maglev');
  }
  if (hash.maglev === undefined) return;
  const size = hash.maglev.tableSize ?? 0;
  if (size === 0 || size >= MAGLEV_MAX || !isPrime(size)) findings.at('maglev', 'tableSize').error(`must be a prime number below ${MAGLEV_MAX}`);
}

function isPrime(number: number): boolean {
  if (number < 4) return number > 0;
  if (number % 2 === 0) return false;
  for (let factor = 3; factor * factor <= number; factor += 2) if (number % factor === 0) return false;
  return true;
}
