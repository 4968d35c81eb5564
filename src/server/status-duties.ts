/** Who writes which status: the leader what all replicas know, each replica what its own proxies report (section 21 ST). */
import { hostname } from 'node:os';
import type { Analysis } from '../analysis/index.js';
import type { Problem } from '../api/problem.js';
import type { Query } from '../graph/graph.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { pause } from '../kubernetes/back-off.js';
import { LiveStatuses } from '../kubernetes/live-statuses.js';
import type { Mesh } from '../model/mesh.js';
import type { RevisionTags } from '../sources/kubernetes/revision-tags.js';
import { defineHealth } from '../status/define-health.js';
import { defineStatuses, STATUS_KINDS, type Statuses } from '../status/define-statuses.js';
import type { Logger } from '../telemetry/log.js';
import type { StatusInstruments } from '../telemetry/status-instruments.js';
import type { Views } from '../views/views.js';
import type { XdsServer } from '../xds/server.js';
import { keepGatewayClasses } from './gateway-classes.js';
import type { Duty } from './leader-duties.js';
import { nameRows } from './name-rows.js';
import type { ServeOptions } from './options.js';
import { ProgrammedFinder, type ProgrammedReport } from './programmed.js';
import { ProgrammedReports } from './programmed-reports.js';
import { CONDITION_KINDS, conditionDrafts, EVERY_MS, keepReport } from './resource-conditions.js';
import { writeStatuses } from './status-duty.js';

export interface StatusParts {
  readonly mesh: Mesh;
  readonly views: Views;
  readonly xds: Pick<XdsServer, 'connections'>;
  readonly problems: () => readonly Problem[];
  readonly analysis: Analysis;
}

/** What of statuses has to be known; undefined where none are written. */
export function liveStatuses({ status, resourceConditions }: ServeOptions): LiveStatuses | undefined {
  if (status === 'off') return undefined;
  return new LiveStatuses(new Set([...STATUS_KINDS, 'WorkloadEntry', ...(resourceConditions === 'on' ? CONDITION_KINDS : [])]));
}

export interface StatusDutiesOptions {
  readonly options: Pick<ServeOptions, 'namespace' | 'revision' | 'resourceConditions'>;
  readonly tags: RevisionTags;
  readonly client: ApiClient;
  readonly live: LiveStatuses;
  readonly metrics: StatusInstruments;
  readonly log: Logger;
}

/** Begins what each replica does, and names what the leader is to do. */
export function statusDuties(
  { mesh, views, xds, problems, analysis }: StatusParts,
  { options, tags, client, live, metrics, log }: StatusDutiesOptions,
): { readonly duties: Readonly<Record<string, Duty>>; readonly close: () => Promise<void> } {
  const { namespace, revision: name, resourceConditions } = options;
  const { names, close: forgetNames } = nameRows(mesh, tags);
  const parts = { client, live, metrics, log };
  const watching = (query: Query<string, Statuses>) => (onStale: () => void) => mesh.graph.watch(query, '', onStale);
  const stop = new AbortController();
  const running = [writeStatuses({ ...parts, watch: watching(defineHealth(mesh)), fieldManager: 'mizzen-health' }, stop.signal)];
  const watch = watching(defineStatuses(mesh, names));
  const onError = (error: unknown, missing: string): void =>
    log.warn({ class: missing, err: error }, 'a GatewayClass could not be made; trying again');
  const duties: Record<string, Duty> = {
    classes: keepGatewayClasses({ mesh, client, onError }),
    statuses: (signal) => writeStatuses({ ...parts, watch, fieldManager: 'mizzen' }, signal),
  };
  if (resourceConditions === 'on') {
    const identity = `${process.env['POD_NAME'] || hostname()}-${process.pid}`;
    const reports = new ProgrammedReports({ client, namespace, revision: name, identity, staleMs: EVERY_MS * 9 });
    const failed = (error: unknown): void => log.warn({ err: error }, 'what proxies have could not be reported; trying again');
    let own: ProgrammedReport = new Map();
    const finder = new ProgrammedFinder(mesh, views);
    running.push(keepReport({ finder, reports, xds, onError: failed }, (report) => (own = report), stop.signal));
    const asked = { mesh, names, analysis, problems };
    duties['conditions'] = async (signal) => {
      let drafts: Statuses = new Map();
      let stale: () => void = () => undefined;
      const writing = writeStatuses(
        {
          ...parts,
          fieldManager: 'mizzen-conditions',
          watch: (onStale) => {
            stale = onStale;
            return { read: () => drafts, close: () => undefined };
          },
        },
        signal,
      );
      while (!signal.aborted) {
        try {
          drafts = conditionDrafts(asked, await reports.sum(own), drafts);
          stale();
        } catch (error) {
          if (!signal.aborted) failed(error);
        }
        await pause(EVERY_MS, signal);
      }
      await writing;
    };
  }
  return {
    duties,
    close: async () => {
      forgetNames();
      stop.abort();
      await Promise.all(running);
    },
  };
}
