/**
 * Conditions on every resource of Istio's (--resource-conditions): looked at every few seconds rather than at each change, since each proxy that comes or
 * goes changes some. What the parts say: src/status/resource-conditions.ts.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Analysis } from '../analysis/index.js';
import type { Kind } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';
import { pause } from '../kubernetes/back-off.js';
import type { Mesh } from '../model/mesh.js';
import type { Statuses } from '../status/define-statuses.js';
import { draftId, type StatusDraft } from '../status/draft.js';
import { isOurs, type OwnNames } from '../status/ownership.js';
import { CONDITIONED, type ResourceFacts, resourceConditions } from '../status/resource-conditions.js';
import type { XdsServer } from '../xds/server.js';
import type { ProgrammedFinder, ProgrammedReport } from './programmed.js';
import type { ProgrammedReports } from './programmed-reports.js';

/** Kinds that get conditions. */
export const CONDITION_KINDS: readonly Kind[] = CONDITIONED.map(({ kind }) => kind);
/** Time between two looks. */
export const EVERY_MS = 10_000;

/** What is asked each time. */
export interface ResourceConditionsParts {
  readonly mesh: Mesh;
  readonly names: OwnNames;
  readonly analysis: Pick<Analysis, 'findings'>;
  readonly problems: () => readonly Problem[];
}

/** Drafts for all resources; one that did not change since `before` is the same object. */
export function conditionDrafts(
  { mesh, names, analysis, problems }: ResourceConditionsParts,
  programmed: ProgrammedReport,
  before: Statuses,
): Statuses {
  const told = problems();
  const wrong = groupById(
    told.flatMap(({ severity, resource, field, message }) =>
      severity === 'error' && resource !== undefined ? [[draftId(resource), field === undefined ? message : `${field}: ${message}`] as const] : [],
    ),
  );
  const conflicts = groupById(
    analysis
      .findings()
      .flatMap(({ winner, resource, message, field }) =>
        winner === undefined
          ? []
          : [
              [
                draftId(resource),
                `${field === undefined ? '' : `${field}: `}${message} (${winner.resource.kind} ${winner.resource.namespace}/${winner.resource.name})`,
              ] as const,
            ],
      ),
  );
  const drafts = new Map<string, StatusDraft>();
  const add = (facts: Pick<ResourceFacts, 'kind' | 'namespace' | 'name' | 'generation'>, isInForce: boolean): void => {
    const id = draftId(facts);
    const counted = programmed.get(id);
    const all = { ...facts, problems: wrong.get(id) ?? [], conflicts: conflicts.get(id) ?? [], ...(counted && { programmed: counted }) };
    const draft = resourceConditions(all, isInForce);
    const known = before.get(id);
    drafts.set(id, known !== undefined && isDeepStrictEqual(known, draft) ? known : draft);
  };
  const labelsOf = (namespace: string): Readonly<Record<string, string>> => mesh.rows.of('Namespace').get(`/${namespace}`)?.metadata.labels ?? {};
  for (const kind of CONDITION_KINDS)
    for (const row of mesh.rows.of(kind).list().values()) {
      const { namespace, name, generation, cluster } = row.metadata;
      if (cluster !== undefined || !isOurs(row, labelsOf(namespace), names)) continue;
      add({ kind, namespace, name, ...(generation !== undefined && { generation }) }, true);
    }
  // What was never good has no row.
  for (const { resource } of told) {
    if (resource === undefined || !CONDITION_KINDS.includes(resource.kind as Kind) || drafts.has(draftId(resource))) continue;
    const { kind, namespace, name } = resource;
    const metadata = { name, namespace, labels: {}, annotations: {} };
    const stand = { kind, apiVersion: '', metadata, spec: {}, createdAt: 0 };
    if (!mesh.rows.of(kind as Kind).has(`${namespace}/${name}`) && isOurs(stand, labelsOf(namespace), names))
      add({ kind: kind as Kind, namespace, name }, false);
  }
  return drafts;
}

export interface ReportDutyParts {
  readonly finder: ProgrammedFinder;
  readonly reports: ProgrammedReports;
  readonly xds: Pick<XdsServer, 'connections'>;
  readonly onError: (error: unknown) => void;
}

/** Keeps our own report until the signal aborts, and tells each time what it says. */
export async function keepReport(
  { finder, reports, xds, onError }: ReportDutyParts,
  onReport: (report: ProgrammedReport) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const report = await finder.report(xds.connections());
      onReport(report);
      await reports.publish(report);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await pause(EVERY_MS * (0.9 + Math.random() * 0.2), signal);
  }
  await reports.close();
}

/** Texts by id, in their order. */
const groupById = (pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> =>
  new Map([...Map.groupBy(pairs, ([id]) => id)].map(([id, group]) => [id, group.map(([, text]) => text)]));
