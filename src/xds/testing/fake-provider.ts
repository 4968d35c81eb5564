/** A provider for tests: resources by type in a map, one chunk per type, every change reported to every watch of the type. */
import { hash } from 'node:crypto';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { groupOf } from '../groups.js';
import type { EncodedResource, ProxyHandle, ResourceProvider, ResourceSet, ResourceWatch } from '../provider.js';
import { TypeUrl } from '../push-order.js';

/** A resource whose content is `text`. */
export function resource(typeUrl: string, name: string, text: string): EncodedResource {
  const value = Buffer.from(`${name}=${text}`);
  return { name, version: hash('sha1', value, 'hex').slice(0, 8), body: Any.encode({ typeUrl, value }).finish() };
}

/** Serves what `set` and `delete` made of it, to anybody. */
export class FakeProvider implements ResourceProvider {
  readonly types = new Map<string, Map<string, EncodedResource>>();
  readonly #watches = new Map<string, Set<() => void>>();
  readonly #wholes = new Map<string, ResourceSet>();
  /** Watches that are open now. */
  open = 0;

  connect(node: { readonly id: string }): ProxyHandle {
    return { id: node.id, watch: (typeUrl, names, onStale) => this.#watch(typeUrl, names, onStale), close: () => undefined };
  }

  /** The resources of a type. */
  of(typeUrl: string): Map<string, EncodedResource> {
    let resources = this.types.get(typeUrl);
    if (resources === undefined) this.types.set(typeUrl, (resources = new Map()));
    return resources;
  }

  set(typeUrl: string, name: string, text: string, more: Pick<EncodedResource, 'isStandIn'> = {}): void {
    this.of(typeUrl).set(name, { ...resource(typeUrl, name, text), ...more });
    this.changed(typeUrl);
  }

  delete(typeUrl: string, name: string): void {
    this.of(typeUrl).delete(name);
    this.changed(typeUrl);
  }

  /** Tells the watches. */
  changed(typeUrl: string): void {
    this.#wholes.delete(typeUrl);
    for (const onStale of this.#watches.get(typeUrl) ?? []) onStale();
  }

  #watch(typeUrl: string, names: readonly string[] | undefined, onStale: () => void): ResourceWatch {
    let watches = this.#watches.get(typeUrl);
    if (watches === undefined) this.#watches.set(typeUrl, (watches = new Set()));
    const mine = watches;
    const tell = () => onStale();
    mine.add(tell);
    this.open += 1;
    return {
      read: () => {
        if (names === undefined) return this.#whole(typeUrl);
        if (typeUrl !== TypeUrl.virtualHost) return { chunks: [names.flatMap((name) => this.of(typeUrl).get(name) ?? [])] };
        return { chunks: [[...this.of(typeUrl).values()].filter(({ name }) => names.includes(groupOf(name)))] };
      },
      close: () => {
        this.open -= 1;
        mine.delete(tell);
      },
    };
  }

  #whole(typeUrl: string): ResourceSet {
    let whole = this.#wholes.get(typeUrl);
    if (whole === undefined) this.#wholes.set(typeUrl, (whole = { chunks: [[...this.of(typeUrl).values()]] }));
    return whole;
  }
}
