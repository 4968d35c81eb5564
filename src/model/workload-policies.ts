/**
 * The choice of security policies for a workload, the same for every kind: those of its namespace and of the root namespace that are for it,
 * the oldest first. One query per workload: a policy that is not for it changes nothing below.
 */
import { byAge, type Resource } from '../api/resource.js';
import { sameElements } from '../graph/equality.js';
import type { Collection, Graph } from '../graph/graph.js';
import type { Labels } from './labels.js';
import { isFor, type Target } from './policy-target.js';

export interface WorkloadPolicyChoice<P> {
  of(namespace: string, labels: Labels): readonly P[];
}

/** `namespaces` says in which order the namespaces of a workload are looked at. */
export function defineWorkloadPolicies<P extends Resource>(
  graph: Graph,
  name: string,
  rows: Collection<P>,
  namespaces: (own: string) => readonly string[],
): WorkloadPolicyChoice<P> {
  const byNamespace = rows.index('namespace', (row) => [row.metadata.namespace]);
  const policiesIn = graph.query(`${name}In`, (namespace: string): readonly P[] => [...byNamespace.get(namespace).values()].sort(byAge), {
    equals: sameElements,
  });
  /** Key: JSON of namespace and labels. */
  const chosen = graph.query(
    `${name}For`,
    (key: string): readonly P[] => {
      const [namespace, labels] = JSON.parse(key) as [string, Labels];
      return [...new Set(namespaces(namespace))].flatMap((from) =>
        policiesIn.get(from).filter((row) => isFor(row.spec as Target, from, { namespace, labels })),
      );
    },
    { equals: sameElements },
  );
  return { of: (namespace, labels) => chosen.get(JSON.stringify([namespace, labels])) };
}
