/**
 * Locality load balancing: of DestinationRules and of the mesh.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
 */
import { each, type Findings } from '../findings.js';
import type { Locality } from './types.js';

const TOPOLOGY = new Set(['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone']);

export function validateLocality(setting: Locality | undefined, outlier: boolean, findings: Findings): void {
  if (setting === undefined) return;
  const { distribute = [], failover = [], failoverPriority = [] } = setting;
  if (distribute.length > 0 && failover.length > 0) return findings.at('distribute').error('must not be set together with failover');
  const topology = failoverPriority.findIndex((label) => TOPOLOGY.has(label));
  if (failover.length > 0 && topology >= 0)
    return findings.at('failoverPriority', topology).error(`${failoverPriority[topology]} must not be set together with failover`);
  for (const [index, { to = {} }] of distribute.entries()) {
    const at = findings.at('distribute', index, 'to');
    const weights = Object.values(to);
    if (weights.some((weight) => weight < 1 || weight > 100)) return at.error('each weight must be in the range 1 to 100');
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total !== 100) return at.error(`the weights must sum to 100, not ${total}`);
    at.check(localities(Object.keys(to)));
  }
  findings.at('distribute').check(localities(distribute.map(({ from = '' }) => from)));
  validateFailover(setting, outlier, findings);
}

/** Zone-aware balancing: regions and zones follow by themselves, so they are no priorities. */
export function validateZoneAware(setting: Locality | undefined, outlier: boolean, findings: Findings): void {
  if (setting === undefined) return;
  each(setting.failoverPriority, findings.at('failoverPriority'), (label, at) => {
    if (TOPOLOGY.has(label)) at.error(`${label} must not be set: zone-aware balancing handles regions and zones itself`);
  });
  validateFailover(setting, outlier, findings);
}

function validateFailover(setting: Locality, outlier: boolean, findings: Findings): void {
  const { failover = [], failoverPriority = [] } = setting;
  if (failover.length + failoverPriority.length > 0 && !outlier) findings.at('failover').warn('has no effect without outlierDetection');
  each(failover, findings.at('failover'), ({ from = '', to = '' }, at) => {
    if (from === to) at.error('from and to must be different regions');
    if (from.includes('/') || to.includes('/')) at.error('from and to must be regions, without zones');
    if (from.includes('*') || to.includes('*')) at.error('from and to must not have a wildcard');
  });
}

/** `region/zone/subzone`, shorter or with a wildcard at the end; none may overlap an earlier one. */
function localities(list: readonly string[]): string | undefined {
  const seen: string[][] = [];
  for (const locality of list) {
    if (locality.indexOf('*') >= 0 && locality.indexOf('*') !== locality.length - 1) return `'${locality}': a wildcard must be at the end`;
    const parts = locality.split('/');
    const steps = parts.length > 3 ? [...parts.slice(0, 2), parts.slice(2).join('/')] : parts;
    if (steps.includes('')) return `'${locality}' must not have empty parts`;
    const overlap = seen.some((earlier) => covers(earlier, steps) || steps.every((step, index) => step === earlier[index]));
    if (overlap) return `'${locality}' overlaps an earlier one`;
    seen.push(steps);
  }
  return undefined;
}

/** A wildcard of an earlier entry takes what comes after it; a later wildcard only means the rest. */
const covers = (outer: readonly string[], inner: readonly string[]): boolean => outer.every((step, index) => step === '*' || step === inner[index]);
