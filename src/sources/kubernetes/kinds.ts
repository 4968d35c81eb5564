/** Which kinds are read from a cluster, and with what selection. */
import { KINDS, type KindInfo } from '../../api/kinds.js';
import { isReadFromRemote } from '../remote-cluster.js';

/** Exports and imports of services. */
export const MULTI_CLUSTER = 'multicluster.x-k8s.io';

/** Kinds of the cluster whose configuration holds, or of a remote one. Settings are no kind of the API; exports and imports may count for nothing. */
export function readKinds(isRemote: boolean, readsExports: boolean): readonly KindInfo[] {
  return KINDS.filter(
    ({ kind, group }) =>
      group !== 'mesh.istio.io' && kind !== 'ServiceAccount' && (!isRemote || isReadFromRemote(kind)) && (readsExports || group !== MULTI_CLUSTER),
  );
}

/** Groups that discovery has to tell of. */
export const GROUPS: ReadonlySet<string> = new Set(KINDS.map(({ group }) => group));

/** What the server should leave out by itself: releases of Helm and account tokens are most of the bytes in Secrets. */
export function selectionOf({ kind }: KindInfo): Readonly<Record<string, string>> | undefined {
  return kind === 'Secret' ? { fieldSelector: 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token' } : undefined;
}
