/**
 * Statuses that the mesh is to have, compared with what stands in the API server, and written where they differ (section 21 ST). One runs with the
 * leader for what all replicas know; another runs in each replica for what its own proxies report.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KINDS } from '../api/kinds.js';
import type { Watch } from '../graph/graph.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { apiPath } from '../kubernetes/api-object.js';
import type { LiveStatuses } from '../kubernetes/live-statuses.js';
import { type StatusWrite, StatusWriter } from '../kubernetes/status-writer.js';
import type { Statuses } from '../status/define-statuses.js';
import type { StatusDraft } from '../status/draft.js';
import { settle } from '../status/settle.js';
import type { Logger } from '../telemetry/log.js';
import { LogThrottle } from '../telemetry/log-throttle.js';
import type { StatusInstruments } from '../telemetry/status-instruments.js';

export interface StatusDutyParts {
  readonly client: ApiClient;
  readonly live: LiveStatuses;
  /** Begins to watch drafts; they are read again after each call back. */
  readonly watch: (onStale: () => void) => Pick<Watch<Statuses>, 'read' | 'close'>;
  readonly fieldManager: string;
  readonly metrics: StatusInstruments;
  readonly log: Logger;
}

/** Changes that come together are looked at together. */
const QUIET_MS = 100;

/** Works until the signal aborts. */
export async function writeStatuses({ client, live, watch: begin, fieldManager, metrics, log }: StatusDutyParts, signal: AbortSignal): Promise<void> {
  let drafts: Statuses = new Map();
  let wake: () => void = () => undefined;
  const throttle = new LogThrottle();
  const writer = new StatusWriter({
    client,
    fieldManager,
    next: (id) => nextWrite(drafts.get(id), id, live),
    onWritten: (id, object) => live.note(id.slice(0, id.indexOf(' ')), object),
    onResult: (id, result, error) => {
      metrics.writes.inc({ kind: id.slice(0, id.indexOf(' ')), result });
      if (result === 'written' || result === 'gone' || result === 'conflict') return log.debug({ resource: id, result }, 'status');
      const leftOut = throttle.take(`${result} ${id}`);
      if (leftOut !== undefined)
        log.warn({ resource: id, err: error, ...(leftOut > 0 && { leftOut }) }, 'a status could not be written; trying again');
    },
  });
  const watch = begin(() => wake());
  const unwatch = live.onChange((id) => {
    if (drafts.has(id)) writer.poke(id);
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  const writing = writer.run(signal);
  while (!signal.aborted) {
    const woken = new Promise<void>((resolve) => (wake = resolve));
    try {
      const before = drafts;
      drafts = watch.read();
      for (const [id, draft] of drafts) if (before.get(id) !== draft) writer.poke(id);
    } catch (error) {
      log.error({ err: error }, 'statuses could not be computed; those that stand stay');
    }
    await woken;
    await sleep(QUIET_MS, undefined, { signal }).catch(() => undefined);
  }
  unwatch();
  watch.close();
  await writing;
}

function nextWrite(draft: StatusDraft | undefined, id: string, live: LiveStatuses): StatusWrite | undefined {
  const known = live.get(id);
  if (draft === undefined || known === undefined) return undefined;
  const { kind, namespace, name, judgesLatest } = draft;
  const { apiVersion } = known;
  const judged = { ...draft, apiVersion, ...(judgesLatest && known.generation !== undefined && { generation: known.generation }) };
  const settled = settle(judged, known.status, `${new Date().toISOString().slice(0, 19)}Z`);
  if (settled === undefined) return undefined;
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const info = KINDS.find((one) => one.kind === kind && one.group === group);
  if (info === undefined) return undefined;
  const path = apiPath({ group, version, plural: info.plural, namespace }, name);
  return { path, apiVersion, kind: info.yamlKind, namespace, name, resourceVersion: known.resourceVersion, ...settled };
}
