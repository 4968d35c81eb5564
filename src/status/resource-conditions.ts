/**
 * Conditions of Istio's own resources: whether it is in force, what it is in conflict with, and how many proxies have it. Pure. The reference has
 * given these up (ST-001..ST-003), so the types are ours.
 */
import { KINDS, type Kind } from '../api/kinds.js';
import { fails, holds, type Verdict } from './condition.js';
import type { StatusDraft } from './draft.js';

/** Kinds that get conditions: Istio's own, settings aside. */
export const CONDITIONED = KINDS.filter(({ group }) => group.endsWith('.istio.io') && group !== 'mesh.istio.io');

/** Connected proxies that are served something made of a resource, whether or not it was written with them in mind: a selector counts for nothing here. */
export interface Programmed {
  readonly proxies: number;
  /** Those that have accepted all of it. */
  readonly synced: number;
  /** A proxy that refuses it, and Envoy's words. */
  readonly refusal?: { readonly proxy: string; readonly message: string };
}

export interface ResourceFacts {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** Of the row that is in force; undefined where there is none. */
  readonly generation?: number;
  /** What is wrong with the newest version. */
  readonly problems: readonly string[];
  readonly conflicts: readonly string[];
  readonly programmed?: Programmed;
}

/** Envoy's words can be long, and conditions are read by people. */
const MAX_WORDS = 1000;

export function resourceConditions(facts: ResourceFacts, isInForce: boolean): StatusDraft {
  const { kind, namespace, name, generation, problems, conflicts, programmed } = facts;
  return {
    kind,
    apiVersion: '',
    namespace,
    name,
    ...(generation !== undefined && { generation }),
    ...(problems.length > 0 && { judgesLatest: true }),
    conditions: [accepted(problems, isInForce), conflicted(conflicts), programmedOn(programmed)],
  };
}

function accepted(problems: readonly string[], isInForce: boolean): Verdict {
  if (problems.length === 0) return holds('Accepted', 'Accepted', 'It is in force');
  const rest = isInForce ? 'the last good version stays in force' : 'it is not in force';
  return fails('Accepted', 'Invalid', `${problems.join('; ')}; ${rest}`);
}

const conflicted = (conflicts: readonly string[]): Verdict =>
  conflicts.length === 0
    ? fails('Conflicted', 'NoConflicts', 'No other resource takes precedence over it')
    : holds('Conflicted', 'Conflicts', conflicts.join('; '));

function programmedOn(programmed: Programmed | undefined): Verdict {
  if (programmed === undefined || programmed.proxies === 0)
    return { type: 'Programmed', status: 'Unknown', reason: 'NoProxies', message: 'No connected proxy is served anything that is made of it' };
  const { proxies, synced, refusal } = programmed;
  const count = `${synced} of ${proxies} proxies have it`;
  if (refusal !== undefined) return fails('Programmed', 'RefusedByEnvoy', `${count}; ${refusal.proxy}: ${refusal.message.slice(0, MAX_WORDS)}`);
  return synced < proxies ? fails('Programmed', 'Pending', count) : holds('Programmed', 'Programmed', count);
}

/** Counts of several replicas together; each proxy is connected to one of them. */
export function sumProgrammed(a: Programmed | undefined, b: Programmed): Programmed {
  if (a === undefined) return b;
  const refusal = a.refusal ?? b.refusal;
  return { proxies: a.proxies + b.proxies, synced: a.synced + b.synced, ...(refusal && { refusal }) };
}
