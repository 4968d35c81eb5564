/** Identities under the other names of the mesh's trust domain (MC-010, `trustDomainAliases`). */

const WORKLOAD = /^spiffe:\/\/[^/]*\/ns\/([^/]*)\/sa\/([^/]*)$/;

/** The identities and, of those of workloads, the same ones in each alias; sorted. Other names stay as they are. */
export function inTrustDomains(identities: readonly string[], aliases: readonly string[]): readonly string[] {
  if (aliases.length === 0) return identities;
  const all = new Set(identities);
  for (const identity of identities) {
    const [, namespace, account] = WORKLOAD.exec(identity) ?? [];
    if (namespace !== undefined) for (const domain of aliases) all.add(`spiffe://${domain}/ns/${namespace}/sa/${account}`);
  }
  return [...all].sort();
}
