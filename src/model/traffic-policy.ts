/**
 * Which traffic policy holds for a service port and subset (DR-006, DR-007, DR-032).
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-PortTrafficPolicy
 */
import type { DestinationRuleSpec, PortTrafficPolicy, TrafficPolicy } from '../api/istio.js';
import type { MeshConfig } from '../api/mesh-config.js';
import { subsetNamed } from './subset.js';

/**
 * A policy as a bag of blocks. The API's own type is a union of thousands of members: spreading it keeps the compiler busy for minutes,
 * so the merges below work on this and cast once.
 */
type Blocks = Readonly<Record<string, unknown>>;

/** Policy of the rule alone: port level replaces, the subset's blocks lie over it, the subset's port level replaces again. */
export function rulePolicy(spec: DestinationRuleSpec | undefined, port: number, subset = ''): TrafficPolicy | undefined {
  return overSubset(atPort(spec?.trafficPolicy, port)?.blocks, subsetPolicy(spec, subset), port) as TrafficPolicy | undefined;
}

/** The same with the mesh's defaults below the rule's blocks. A subset still lies over the defaults. */
export function effectivePolicy(
  defaults: MeshConfig['defaultTrafficPolicy'],
  spec: DestinationRuleSpec | undefined,
  port: number,
  subset = '',
): TrafficPolicy | undefined {
  const top = atPort(spec?.trafficPolicy, port)?.blocks;
  const filled = defaults === undefined ? top : { ...definedOnly(defaults as Blocks), ...definedOnly(top) };
  return overSubset(filled, subsetPolicy(spec, subset), port) as TrafficPolicy | undefined;
}

/** tls.mode as endpoints see it: unlike the blocks, a port level without tls does not clear the level above. */
export function ruleTlsMode(spec: DestinationRuleSpec | undefined, port: number, subset = ''): string | undefined {
  return tlsModeOf(subsetPolicy(spec, subset), port) ?? tlsModeOf(spec?.trafficPolicy, port);
}

function tlsModeOf(policy: TrafficPolicy | undefined, port: number): string | undefined {
  const entries: readonly PortTrafficPolicy[] = policy?.portLevelSettings ?? [];
  const own = entries.find((entry) => entry.port?.number === port && entry.tls !== undefined);
  const tls = own?.tls ?? policy?.tls;
  return tls === undefined || tls === null ? undefined : (tls.mode ?? 'DISABLE');
}

/** Whether a subset by itself, ports aside, keeps to the original destination: nothing else then says where its cluster leads. */
export const isPassthroughSubset = (spec: DestinationRuleSpec | undefined, subset: string): boolean =>
  subsetPolicy(spec, subset)?.loadBalancer?.simple === 'PASSTHROUGH';

function subsetPolicy(spec: DestinationRuleSpec | undefined, subset: string): TrafficPolicy | undefined {
  if (subset === '') return undefined;
  return subsetNamed(spec?.subsets, subset)?.trafficPolicy as TrafficPolicy | undefined;
}

/** Port-level entries do not inherit: what they leave out is at its default. */
function atPort(policy: TrafficPolicy | undefined, port: number): { readonly blocks: Blocks; readonly ofPort: boolean } | undefined {
  if (policy === undefined || policy === null) return undefined;
  const entries: readonly PortTrafficPolicy[] = policy.portLevelSettings ?? [];
  const entry = entries.find((candidate) => candidate.port?.number === port);
  if (entry === undefined) return { blocks: without(policy as Blocks, ['portLevelSettings']), ofPort: false };
  return { blocks: without(entry as Blocks, ['port']), ofPort: true };
}

function overSubset(base: Blocks | undefined, subset: TrafficPolicy | undefined, port: number): Blocks | undefined {
  const own = atPort(subset, port);
  if (own === undefined) return base;
  if (base === undefined) return own.blocks;
  // What a port-level entry can hold, it replaces also where it is silent.
  const below = own.ofPort ? without(base, ['connectionPool', 'outlierDetection', 'loadBalancer', 'tls']) : base;
  return { ...below, ...definedOnly(own.blocks) };
}

const without = (blocks: Blocks, names: readonly string[]): Blocks =>
  Object.fromEntries(Object.entries(blocks).filter(([name]) => !names.includes(name)));

const definedOnly = (blocks: Blocks | undefined): Blocks =>
  Object.fromEntries(Object.entries(blocks ?? {}).filter(([, block]) => block !== undefined && block !== null));
