/**
 * The objects in the cluster that a control plane manages for Gateways: all with the label gateway.istio.io/managed, of the kinds that we write,
 * followed while we lead. Few, so they are kept whole.
 */
import { MANAGED, type ManifestKind } from '../../gateways/managed-gateway.js';
import type { ApiClient } from '../../kubernetes/api-client.js';
import { type ApiObject, type ApiResource, apiPath } from '../../kubernetes/api-object.js';
import { Reflector } from '../../kubernetes/reflector.js';

export const RESOURCES: Readonly<Record<ManifestKind, ApiResource>> = {
  ServiceAccount: { group: '', version: 'v1', plural: 'serviceaccounts' },
  Deployment: { group: 'apps', version: 'v1', plural: 'deployments' },
  Service: { group: '', version: 'v1', plural: 'services' },
  HorizontalPodAutoscaler: { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' },
  PodDisruptionBudget: { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets' },
};
const KINDS = Object.keys(RESOURCES) as ManifestKind[];

/** Where one object is. */
export const pathOf = (kind: ManifestKind, namespace: string, name: string): string => apiPath({ ...RESOURCES[kind], namespace }, name);

export interface LiveObject extends ApiObject {
  readonly kind: ManifestKind;
}

export interface LiveObjectsOptions {
  readonly client: ApiClient;
  /** Something came, changed or went. */
  readonly onChange: () => void;
  readonly onState: (kind: ManifestKind, error: Error | undefined) => void;
}

export class LiveObjects {
  readonly #objects = new Map<string, LiveObject>();
  readonly #unknown = new Set(KINDS);

  constructor(private readonly options: LiveObjectsOptions) {}

  /** All kinds were listed once. */
  get isKnown(): boolean {
    return this.#unknown.size === 0;
  }

  /** Follows all kinds until the signal aborts. */
  follow(signal: AbortSignal): void {
    for (const kind of KINDS) {
      const sink = {
        replace: (objects: readonly ApiObject[]) => this.#replace(kind, objects),
        set: (object: ApiObject) => this.put(kind, object),
        remove: ({ metadata }: ApiObject) => this.drop(kind, metadata.namespace ?? '', metadata.name),
      };
      const { client, onState } = this.options;
      const onStateOf = (error: Error | undefined): void => onState(kind, error);
      void new Reflector({ client, resource: () => RESOURCES[kind], query: { labelSelector: MANAGED }, sink, onState: onStateOf }).run(signal);
    }
  }

  get(kind: ManifestKind, namespace: string, name: string): LiveObject | undefined {
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  /** All that a Gateway owns, by its uid. */
  ownedBy(uid: string): readonly LiveObject[] {
    return [...this.#objects.values()].filter((object) => owners(object).includes(uid));
  }

  /** What a write answered, or the watch told. */
  put(kind: ManifestKind, object: ApiObject): void {
    const { status: _, ...kept } = object;
    const { managedFields: __, ...metadata } = object.metadata as ApiObject['metadata'] & { managedFields?: unknown };
    this.#objects.set(keyOf(kind, metadata.namespace ?? '', metadata.name), { ...kept, kind, metadata });
    this.options.onChange();
  }

  drop(kind: ManifestKind, namespace: string, name: string): void {
    if (this.#objects.delete(keyOf(kind, namespace, name))) this.options.onChange();
  }

  #replace(kind: ManifestKind, objects: readonly ApiObject[]): void {
    for (const [key, object] of this.#objects) if (object.kind === kind) this.#objects.delete(key);
    for (const object of objects) this.put(kind, object);
    this.#unknown.delete(kind);
    this.options.onChange();
  }
}

const keyOf = (kind: ManifestKind, namespace: string, name: string): string => `${kind} ${namespace}/${name}`;

/** Uids of an object's owners. */
export const owners = ({ metadata }: ApiObject): readonly string[] =>
  (metadata.ownerReferences ?? []).flatMap((reference) => (reference as { uid?: string }).uid ?? []);
