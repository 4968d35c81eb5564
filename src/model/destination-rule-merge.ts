/**
 * Several DestinationRules for one host as one (DR-003). Rules that stand for a policy of Gateway API only fill in what users' rules leave open,
 * whoever was first (DR-035). Pure. https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-destination-rules
 */
import type { DestinationRule, DestinationRuleSpec } from '../api/istio.js';

/** Policies are plain bags of blocks here: see traffic-policy.ts on what spreading the API's type costs. */
type Blocks = Readonly<Record<string, unknown>>;
type PortBlocks = Blocks & { readonly port?: { readonly number?: number } };

/** What a port-level entry of a policy can hold. */
const PORT_BLOCKS = ['loadBalancer', 'connectionPool', 'outlierDetection', 'tls'];

/** Subsets are collected, the first of a name wins; of the rest the first rule that has a trafficPolicy gives it. */
export function mergeSpecs(rules: readonly DestinationRule[]): DestinationRuleSpec {
  const first = rules[0] as DestinationRule;
  if (rules.length === 1) return first.spec;
  const subsets = new Map<string, unknown>();
  for (const { spec } of rules) for (const subset of spec.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
  let policy = first.spec.trafficPolicy as Blocks | undefined;
  for (const rule of rules.slice(1)) {
    const next = rule.spec.trafficPolicy as Blocks | undefined;
    if (isDerived(first) === isDerived(rule)) policy ??= next;
    else policy = isDerived(rule) ? overlay(policy, next) : overlay(next, policy);
  }
  const merged: Record<string, unknown> = Object.assign({}, first.spec, policy === undefined ? {} : { trafficPolicy: policy }, {
    subsets: [...subsets.values()],
  });
  return merged as unknown as DestinationRuleSpec;
}

/** Stands for a BackendTLSPolicy or XBackendTrafficPolicy. */
const isDerived = ({ metadata }: DestinationRule): boolean => metadata.annotations['internal.istio.io/parents'] !== undefined;

/** The user's blocks over the derived ones, whole blocks each, on every port. */
function overlay(user: Blocks | undefined, derived: Blocks | undefined): Blocks | undefined {
  if (user === undefined || derived === undefined) return user ?? derived;
  const ports = overlayPorts(portsOf(user), portsOf(derived));
  return { ...derived, ...defined(user), ...(ports.length > 0 && { portLevelSettings: ports }) };
}

function overlayPorts(user: readonly PortBlocks[], derived: readonly PortBlocks[]): readonly PortBlocks[] {
  const of = (port: number | undefined) => derived.find((entry) => entry.port?.number === port);
  const own = user.map((entry) => {
    const below = Object.entries(of(entry.port?.number) ?? {}).filter(([name]) => PORT_BLOCKS.includes(name));
    return { ...Object.fromEntries(below), ...defined(entry) };
  });
  return [...own, ...derived.filter(({ port }) => !user.some((entry) => entry.port?.number === port?.number))];
}

const portsOf = (blocks: Blocks): readonly PortBlocks[] => (blocks['portLevelSettings'] ?? []) as readonly PortBlocks[];

const defined = (blocks: Blocks): Blocks => Object.fromEntries(Object.entries(blocks).filter(([, block]) => block !== undefined && block !== null));
