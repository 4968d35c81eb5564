/**
 * On OpenShift a namespace has a range of user ids (IN-021); the proxy takes the last one, so that it is not the application's.
 * https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/authentication_and_authorization/managing-pod-security-policies
 */
import type { Texts } from './pod.js';

/** Istio's own user, which its iptables rules leave alone. IN-027 */
export const PROXY_ID = 1337;
const UIDS = 'openshift.io/sa.scc.uid-range';
const GROUPS = 'openshift.io/sa.scc.supplemental-groups';

export interface ProxyIds {
  readonly uid: number;
  readonly gid: number;
}

/** @param annotations the namespace's, on OpenShift only */
export function proxyIds(annotations: Texts | undefined): ProxyIds {
  const uid = lastOf(annotations?.[UIDS]);
  const blocks = (annotations?.[GROUPS] ?? annotations?.[UIDS] ?? '').split(',').map(lastOf);
  const gid = blocks.includes(undefined) ? undefined : blocks[0];
  return { uid: uid ?? PROXY_ID, gid: gid ?? PROXY_ID };
}

/** `START/SIZE` or `FIRST-LAST` → the last id. */
function lastOf(block = ''): number | undefined {
  const [, start, separator, end] = /^(\d+)([/-])(\d+)/.exec(block) ?? [];
  if (start === undefined) return undefined;
  return separator === '/' ? Number(start) + Number(end) - 1 : Number(end);
}
