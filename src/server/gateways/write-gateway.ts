/**
 * Brings the objects of one Gateway to what they should be: server-side apply of what differs, nothing that somebody else made, and away with what
 * an earlier wish left behind. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import { isDeepStrictEqual } from 'node:util';
import { CONTROLLER, MANAGED, MANAGED_BY_US, type Manifest, type ManifestKind } from '../../gateways/managed-gateway.js';
import type { ApiClient } from '../../kubernetes/api-client.js';
import { hasStatus } from '../../kubernetes/api-error.js';
import type { ApiObject } from '../../kubernetes/api-object.js';
import { serverSideApply } from '../../kubernetes/server-side-apply.js';
import { type LiveObject, type LiveObjects, owners, pathOf } from './live-objects.js';
import { projection } from './sameness.js';

/** What is in the way of a Gateway, told to its author. */
export class GatewayConflict extends Error {}

export interface WriterParts {
  readonly client: ApiClient;
  readonly live: LiveObjects;
  /** Called before each request that writes: how fast we may. */
  readonly pace: () => Promise<void>;
  readonly onWrite: (kind: ManifestKind, how: 'applied' | 'deleted') => void;
  /** Whether a Gateway with this uid is there. */
  readonly exists: (uid: string) => boolean;
}

interface Applied {
  readonly manifest: Manifest;
  /** The same fields, as the server answered. */
  readonly answer: unknown;
}

/** Label that selected pods before Istio 1.24; a selector can't be changed. */
const OLD_NAME = 'istio.io/gateway-name';

export class GatewayWriter {
  readonly #applied = new Map<string, Applied>();

  constructor(private readonly parts: WriterParts) {}

  /** @throws GatewayConflict, or what the API server said */
  async write(manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests) await this.#apply(manifest);
    const uid = manifests[0]?.metadata.ownerReferences[0]?.uid ?? '';
    for (const object of this.parts.live.ownedBy(uid)) if (isLeftover(object, manifests)) await this.#delete(object);
  }

  async #apply(manifest: Manifest): Promise<void> {
    const { client, live, pace, onWrite } = this.parts;
    const { kind } = manifest;
    const { name, namespace } = manifest.metadata;
    const path = pathOf(kind, namespace, name);
    const old = live.get(kind, namespace, name);
    const before = this.#applied.get(path);
    const body = kind === 'Deployment' ? withOldSelector(manifest, old) : manifest;
    if (old !== undefined && before !== undefined && isDeepStrictEqual(before.manifest, body)) {
      if (isDeepStrictEqual(before.answer, projection(old, body))) return;
    }
    const mayWrite = old === undefined ? await this.#isFree(manifest, path) : this.#isOurs(manifest, old);
    if (!mayWrite) return;
    await pace();
    // What was just looked at must still be so.
    const { resourceVersion } = old?.metadata ?? {};
    const metadata = { ...body.metadata, ...(resourceVersion !== undefined && { resourceVersion }) };
    const answer = await serverSideApply<ApiObject>(client, path, { ...body, metadata }, CONTROLLER);
    this.#applied.set(path, { manifest: body, answer: projection(answer, body) });
    onWrite(kind, 'applied');
    live.put(kind, answer);
  }

  /** What has our label is known already; anything else under that name is not ours. */
  async #isFree({ kind, metadata: { name, namespace } }: Manifest, path: string): Promise<boolean> {
    try {
      await this.parts.client.get(path);
    } catch (error) {
      if (hasStatus(error, 404)) return true;
      throw error;
    }
    // An account may well be the user's own.
    if (kind === 'ServiceAccount') return false;
    throw new GatewayConflict(
      `${kind} ${namespace}/${name} exists and is not ours to change: it has no label ${MANAGED}, or has come just now; another name is given by the annotation gateway.istio.io/name-override`,
    );
  }

  #isOurs({ kind, metadata: { name, namespace, ownerReferences } }: Manifest, old: LiveObject): boolean {
    const label = old.metadata.labels?.[MANAGED];
    const other = owners(old).find((uid) => uid !== ownerReferences[0]?.uid && this.parts.exists(uid));
    if (label === MANAGED_BY_US && other === undefined) return true;
    if (kind === 'ServiceAccount') return false;
    throw new GatewayConflict(
      label === MANAGED_BY_US
        ? `${kind} ${namespace}/${name} is of another Gateway already`
        : `${kind} ${namespace}/${name} is managed by ${label}, not by ${MANAGED_BY_US}`,
    );
  }

  async #delete({ kind, metadata: { name, namespace = '', uid } }: LiveObject): Promise<void> {
    const { client, live, pace, onWrite } = this.parts;
    await pace();
    const path = pathOf(kind, namespace, name);
    try {
      await client.write('DELETE', path, { body: { propagationPolicy: 'Background', preconditions: { uid } } });
      onWrite(kind, 'deleted');
    } catch (error) {
      if (!hasStatus(error, 404, 409)) throw error;
    }
    this.#applied.delete(path);
    live.drop(kind, namespace, name);
  }
}

/** An object of this Gateway alone that nothing asks for any more: a name that changed, an autoscaler without its overlay. */
const isLeftover = (object: LiveObject, manifests: readonly Manifest[]): boolean =>
  owners(object).length === 1 &&
  object.metadata.labels?.[MANAGED] === MANAGED_BY_US &&
  !manifests.some(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);

function withOldSelector(manifest: Manifest, old: LiveObject | undefined): Manifest {
  const selector = (old?.['spec'] as { selector?: { matchLabels?: Record<string, string> } } | undefined)?.selector;
  const name = selector?.matchLabels?.[OLD_NAME];
  if (name === undefined) return manifest;
  const spec = manifest['spec'] as { template: { metadata: { labels: object } } };
  const { template } = spec;
  const metadata = { ...template.metadata, labels: { ...template.metadata.labels, [OLD_NAME]: name } };
  return { ...manifest, spec: { ...spec, selector, template: { ...template, metadata } } };
}
