/** The classes that a mesh comes with, made by the leader where they are missing (GA-001). One that somebody changed is left as it is. */
import type { Query, Watch } from '../graph/graph.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { hasStatus } from '../kubernetes/api-error.js';
import { apiPath } from '../kubernetes/api-object.js';
import { pause } from '../kubernetes/back-off.js';
import type { Mesh } from '../model/mesh.js';
import { OWN_CLASSES } from '../status/gateway-classes.js';
import type { Duty } from './leader-duties.js';

export interface GatewayClassParts {
  readonly mesh: Mesh;
  readonly client: ApiClient;
  readonly onError: (error: unknown, name: string) => void;
}

const GROUP = 'gateway.networking.k8s.io';
/** Also how soon a cluster's new definitions are noticed, since without them there is nowhere to write. */
const RETRY_MS = 10_000;

/** A duty that works until its signal aborts; it can begin again after that. */
export function keepGatewayClasses(parts: GatewayClassParts): Duty {
  const missing = missingClasses(parts.mesh);
  return (signal) => keep(missing, parts, signal);
}

async function keep(missingNow: Query<string, readonly string[]>, { mesh, client, onError }: GatewayClassParts, signal: AbortSignal): Promise<void> {
  let wake: () => void = () => undefined;
  const watch: Watch<readonly string[]> = mesh.graph.watch(missingNow, '', () => wake());
  signal.addEventListener('abort', () => wake(), { once: true });
  while (!signal.aborted) {
    const woken = new Promise<void>((resolve) => (wake = resolve));
    const missing = watch.read();
    for (const name of missing) {
      const body = { apiVersion: `${GROUP}/v1`, kind: 'GatewayClass', metadata: { name }, spec: OWN_CLASSES[name] };
      try {
        await client.write('POST', apiPath({ group: GROUP, version: 'v1', plural: 'gatewayclasses' }), { body, signal });
      } catch (error) {
        // 404: the cluster has no Gateway API yet. 409: another control plane was faster.
        if (!signal.aborted && !hasStatus(error, 404, 409)) onError(error, name);
      }
    }
    if (missing.length === 0) await woken;
    else await Promise.race([woken, pause(RETRY_MS, signal)]);
  }
  watch.close();
}

const missingClasses = (mesh: Mesh): Query<string, readonly string[]> =>
  mesh.graph.query(
    'missingGatewayClasses',
    (): readonly string[] => Object.keys(OWN_CLASSES).filter((name) => !mesh.rows.of('GatewayClass').has(`/${name}`)),
    {
      equals: (a, b) => a.join() === b.join(),
    },
  );
