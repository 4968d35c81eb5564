/** PeerAuthentications that give way to an older one of the same scope, and those whose selector means nothing (PA-002). */
import type { PeerAuthentication } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import { selects } from '../model/labels.js';
import { type Check, nameOf, perRow } from './check.js';

export const peerAuthenticationConflicts: Check = perRow('peer-authentication-conflict', 'PeerAuthentication', ({ mesh }, row) => {
  const { namespace } = row.metadata;
  const selector = labelsOf(row);
  const isForAll = Object.keys(selector).length === 0;
  if (!isForAll && namespace === mesh.config().rootNamespace) {
    const message = `a selector in the root namespace ${namespace} selects nothing: mesh-wide policies have none, others belong to their workloads' namespace`;
    return [{ severity: 'warning', code: 'ignored-peer-authentication', message, at: { row, path: ['spec', 'selector'] } }];
  }
  const own = [...mesh.rows.of('PeerAuthentication').list().values()].filter((other) => other.metadata.namespace === namespace).sort(byAge);
  const older = own.slice(0, own.indexOf(row));
  const pods = isForAll
    ? []
    : [...mesh.rows.of('Pod').list().values()].filter((pod) => pod.metadata.namespace === namespace && selects(selector, pod.metadata.labels));
  for (const winner of older) {
    const theirs = labelsOf(winner);
    if ((Object.keys(theirs).length === 0) !== isForAll) continue;
    const pod = pods.find((one) => selects(theirs, one.metadata.labels));
    if (!isForAll && pod === undefined && JSON.stringify(Object.entries(theirs).sort()) !== JSON.stringify(Object.entries(selector).sort())) continue;
    const scope = isForAll ? `for all of namespace ${namespace}` : pod === undefined ? 'for the same labels' : `for pod ${keyOf(pod)}`;
    const message = `does nothing ${scope}: ${nameOf(winner)} has the same scope and is older`;
    return [
      {
        severity: 'warning',
        code: 'peer-authentication-conflict',
        message,
        at: { row, path: isForAll ? [] : ['spec', 'selector'] },
        winner: { row: winner },
      },
    ];
  }
  return [];
});

const labelsOf = ({ spec }: PeerAuthentication): Readonly<Record<string, string>> => spec.selector?.matchLabels ?? {};
