/**
 * The duty of the leader to run what Gateways of Gateway API ask for (GA-002 to GA-006): wakes when a Gateway or its objects change, and works off
 * what differs at a bounded rate.
 */
import type { Problem } from '../../api/problem.js';
import type { Query } from '../../graph/graph.js';
import type { InjectionConfig } from '../../injection/inject.js';
import type { ApiClient } from '../../kubernetes/api-client.js';
import { pause } from '../../kubernetes/back-off.js';
import { TokenBucket } from '../../kubernetes/token-bucket.js';
import type { Mesh } from '../../model/mesh.js';
import type { RevisionTags } from '../../sources/kubernetes/revision-tags.js';
import type { GatewayInstruments } from '../../telemetry/gateway-instruments.js';
import { GatewayRounds } from './gateway-rounds.js';
import { LiveObjects } from './live-objects.js';
import type { WantedGateways } from './wanted.js';
import { GatewayWriter } from './write-gateway.js';

export interface KeepGatewaysParts {
  readonly mesh: Mesh;
  readonly client: ApiClient;
  /** Names of ours; Gateways that name nothing are of the one called default. */
  readonly tags: RevisionTags;
  readonly wanted: Query<string, WantedGateways>;
  readonly clusterId: string;
  readonly injection: { readonly config: InjectionConfig; onChange(listener: () => void): () => void };
  readonly metrics: GatewayInstruments;
  /** Told what is wrong now, of all Gateways. */
  readonly onProblems: (problems: readonly Problem[]) => void;
}

/** Writes in a second, one at once. */
const PER_SECOND = 20;
/** Changes that come together are worked off together. */
const QUIET_MS = 100;

/** Works until the signal aborts. */
export async function keepGateways(parts: KeepGatewaysParts, signal: AbortSignal): Promise<void> {
  const { mesh, wanted, client, tags, clusterId, injection, metrics } = parts;
  let wake: () => void = () => undefined;
  const onChange = (): void => wake();
  const watch = mesh.graph.watch(wanted, '', onChange);
  const unreachable = new Map<string, string>();
  const live = new LiveObjects({
    client,
    onChange,
    onState(kind, error) {
      if (error === undefined) unreachable.delete(kind);
      else unreachable.set(kind, error.message);
      wake();
    },
  });
  const bucket = new TokenBucket(PER_SECOND, 1);
  const pace = (): Promise<void> => bucket.take(signal);
  const exists = (uid: string): boolean => [...watch.read().gateways.values()].some(({ managed }) => managed.gateway.metadata.uid === uid);
  const onWrite = (kind: string, how: string): void => metrics.written.inc({ kind, how });
  const writer = new GatewayWriter({ client, live, pace, exists, onWrite });
  const rounds = new GatewayRounds({
    clusterId,
    injection,
    writer,
    isOurs: (named) => tags.has(named === '' ? 'default' : named),
    onFailure: () => metrics.failures.inc(),
  });
  const unwatch = [injection.onChange(onChange), tags.onChange(onChange)];
  signal.addEventListener('abort', onChange, { once: true });
  live.follow(signal);
  while (!signal.aborted) {
    const next = new AbortController();
    wake = () => next.abort();
    const isKnown = live.isKnown && tags.isKnown;
    const waitMs = isKnown ? await rounds.run(watch.read(), signal) : Number.POSITIVE_INFINITY;
    metrics.managed.set(rounds.managed);
    parts.onProblems([...rounds.problems(), ...[...unreachable].map(unreachableProblem)]);
    await pause(Math.min(waitMs, LONGEST_MS), AbortSignal.any([next.signal, signal]));
    await pause(QUIET_MS, signal);
  }
  for (const end of unwatch) end();
  watch.close();
  metrics.managed.set(0);
  parts.onProblems([]);
}

/** What was missed, for whatever reason, is seen then. */
const LONGEST_MS = 60_000;

const unreachableProblem = ([kind, message]: readonly [string, string]): Problem => ({
  severity: 'error',
  code: 'managed-gateway',
  message: `managed Gateways: objects of kind ${kind} can't be followed: ${message}`,
});
