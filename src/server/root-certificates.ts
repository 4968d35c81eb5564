/**
 * The mesh's roots in every namespace that is discovered, as ConfigMap `istio-ca-root-cert` (CA-012): what pods are given to trust the control
 * plane with. Made, put right and kept right by the leader.
 */
import { isDeepStrictEqual } from 'node:util';
import { keyIn, type ObjectMeta } from '../api/resource.js';
import type { CertificateAuthority } from '../ca/authority.js';
import type { Query } from '../graph/graph.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { hasStatus } from '../kubernetes/api-error.js';
import { apiPath } from '../kubernetes/api-object.js';
import { pause } from '../kubernetes/back-off.js';
import { serverSideApply } from '../kubernetes/server-side-apply.js';
import { namespaceLabels, selectsLabels } from '../model/gateway-api/label-selector.js';
import type { Mesh } from '../model/mesh.js';

export interface RootCertificatesParts {
  readonly client: ApiClient;
  readonly authority: CertificateAuthority;
  readonly mesh: Mesh;
  readonly roots: Query<string, NamespaceRoots>;
  /** '' for the one whose configuration holds. */
  readonly cluster: string;
  readonly onError: (error: unknown, namespace: string) => void;
}

/** Namespaces that are discovered → what their ConfigMap says now, '' where there is none. */
export type NamespaceRoots = ReadonlyMap<string, string>;

const NAME = 'istio-ca-root-cert';
const KEY = 'root-cert.pem';
/** Kubernetes' own namespaces, which have no pods of a mesh. */
const PASSED_OVER: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);
const RETRY_MS = 5_000;

/** Works until the signal aborts. */
export async function keepRootCertificates(parts: RootCertificatesParts, signal: AbortSignal): Promise<void> {
  const { authority } = parts;
  let wake: () => void = () => undefined;
  const watch = parts.mesh.graph.watch(parts.roots, parts.cluster, () => wake());
  const unwatch = authority.onSignerChange(() => wake());
  signal.addEventListener('abort', () => wake(), { once: true });
  while (!signal.aborted) {
    const woken = new Promise<void>((resolve) => (wake = resolve));
    if (await writeAll(watch.read(), parts, signal)) await woken;
    else await pause(RETRY_MS, signal);
  }
  unwatch();
  watch.close();
}

/** By cluster, '' for the one whose configuration holds. Declared once, however often somebody comes to lead. */
export function namespaceRoots(mesh: Mesh): Query<string, NamespaceRoots> {
  return mesh.graph.query(
    'rootsInNamespaces',
    (cluster: string): NamespaceRoots => {
      const of = cluster === '' ? undefined : cluster;
      const pem = (namespace: string) => mesh.rows.of('ConfigMap').get(keyIn(of, `${namespace}/${NAME}`))?.spec.data?.[KEY] ?? '';
      return new Map(namespacesOf(mesh, of).map((namespace) => [namespace, pem(namespace)]));
    },
    { equals: isDeepStrictEqual },
  );
}

/** Namespaces of a cluster that are discovered. */
function namespacesOf(mesh: Mesh, of: string | undefined): readonly string[] {
  const selectors = mesh.config().discoverySelectors ?? [];
  const isMeant = ({ name, cluster, labels }: ObjectMeta): boolean =>
    cluster === of &&
    !PASSED_OVER.has(name) &&
    (selectors.length === 0 || selectors.some((selector) => selectsLabels(selector, namespaceLabels(name, labels))));
  return [...mesh.rows.of('Namespace').list().values()].flatMap(({ metadata }) => (isMeant(metadata) ? [metadata.name] : []));
}

/** False when something could not be written. */
async function writeAll(
  current: ReadonlyMap<string, string>,
  { client, authority, onError }: RootCertificatesParts,
  signal: AbortSignal,
): Promise<boolean> {
  let isWell = true;
  for (const [namespace, pem] of current) {
    if (signal.aborted) return true;
    if (pem === authority.rootPem) continue;
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME, namespace, labels: { 'istio.io/config': 'true' } },
      data: { [KEY]: authority.rootPem },
    };
    try {
      await serverSideApply(client, apiPath({ group: '', version: 'v1', plural: 'configmaps', namespace }, NAME), body);
    } catch (error) {
      // A namespace that is being deleted takes nothing more.
      if (hasStatus(error, 404) || (hasStatus(error, 403) && error.message.includes('being terminated'))) continue;
      isWell = false;
      onError(error, namespace);
    }
  }
  return isWell;
}
