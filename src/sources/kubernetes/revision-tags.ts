/**
 * By which names objects and namespaces may call this control plane (GA-030, IN-020): its revision, and tags that lead to it now. A tag is a
 * MutatingWebhookConfiguration, or a Service beside the control plane, with the labels `istio.io/tag` and `istio.io/rev`.
 * https://istio.io/latest/docs/setup/upgrade/canary/#stable-revision-labels
 */
import { isDeepStrictEqual } from 'node:util';
import type { ApiClient } from '../../kubernetes/api-client.js';
import { hasStatus } from '../../kubernetes/api-error.js';
import { type ApiObject, type ApiResource, objectKey } from '../../kubernetes/api-object.js';
import { Reflector } from '../../kubernetes/reflector.js';

export const REVISION = 'istio.io/rev';
const TAG = 'istio.io/tag';
const WEBHOOKS: ApiResource = { group: 'admissionregistration.k8s.io', version: 'v1', plural: 'mutatingwebhookconfigurations' };

export interface RevisionTagsOptions {
  readonly client: ApiClient;
  readonly revision: string;
  /** Where Services that are tags are. */
  readonly namespace: string;
  /** Tags that count whatever the cluster says. @default none */
  readonly always?: readonly string[];
  /** Told once of what keeps tags from being read. */
  readonly onError?: (error: Error) => void;
}

/** Names of ours, as somebody needs them who selects by them. */
export interface OwnNames {
  /** Resolves when it is known which tags there are, or that they can't be read. */
  readonly known: Promise<void>;
  has(name: string): boolean;
  /** Calls back when names came or went. Returns how to stop that. */
  onChange(listener: () => void): () => void;
}

export class RevisionTags implements OwnNames {
  readonly #tags: readonly Map<string, string>[] = [new Map(), new Map()];
  readonly #unread = new Set([0, 1]);
  readonly #listeners = new Set<() => void>();
  #names: ReadonlySet<string>;
  readonly known: Promise<void>;
  #known: () => void = () => undefined;

  constructor(private readonly options: RevisionTagsOptions) {
    this.known = new Promise((resolve) => (this.#known = resolve));
    this.#names = this.#collect();
  }

  /** Keeps up with the tags until the signal aborts. */
  follow(signal: AbortSignal): void {
    const { client, namespace, revision } = this.options;
    const query = { labelSelector: `${REVISION}=${revision},${TAG}` };
    const resources = [WEBHOOKS, { group: '', version: 'v1', plural: 'services', namespace }];
    for (const [index, resource] of resources.entries()) {
      const sink = {
        replace: (objects: readonly ApiObject[]) => {
          this.#tags[index]!.clear();
          for (const object of objects) this.#set(index, object);
          this.#read(index);
        },
        set: (object: ApiObject) => {
          this.#set(index, object);
          this.#tell();
        },
        remove: (object: ApiObject) => {
          this.#tags[index]!.delete(objectKey(object));
          this.#tell();
        },
      };
      let told: string | undefined;
      // Without the right to look, or what to look at, there are no tags. After other failures those read last hold.
      const onState = (error: Error | undefined): void => {
        if (hasStatus(error, 401, 403, 404)) this.#read(index);
        if (error !== undefined && error.message !== told) this.options.onError?.(error);
        told = error?.message;
      };
      void new Reflector({ client, resource: () => resource, query, sink, onState }).run(signal);
    }
    signal.addEventListener('abort', () => this.#known(), { once: true });
  }

  /** Whether the tags were read, or can't be. */
  get isKnown(): boolean {
    return this.#unread.size === 0;
  }

  /** The revision and all tags. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(index: number, object: ApiObject): void {
    const { labels = {} } = object.metadata;
    const tag = labels[TAG];
    if (tag === undefined || labels[REVISION] !== this.options.revision) this.#tags[index]!.delete(objectKey(object));
    else this.#tags[index]!.set(objectKey(object), tag);
  }

  #read(index: number): void {
    const wasUnread = this.#unread.delete(index);
    this.#tell(wasUnread && this.isKnown);
    if (this.isKnown) this.#known();
  }

  #tell(anyway = false): void {
    const before = this.#names;
    this.#names = this.#collect();
    if (!anyway && isDeepStrictEqual(this.#names, before)) return;
    for (const listener of this.#listeners) listener();
  }

  #collect(): ReadonlySet<string> {
    const { revision, always = [] } = this.options;
    return new Set([revision, ...always, ...this.#tags.flatMap((tags) => [...tags.values()])]);
  }
}
