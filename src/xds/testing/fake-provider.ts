/** A provider for tests: resources by type in a map, one chunk per type, every change reported to every watch of the type. */
import { hash } from 'node:crypto';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { groupOf } from '../groups.js';
import type { EncodedResource, ProxyHandle, ResourceProvider, ResourceSet, ResourceWatch } from '../provider.js';
import { TypeUrl } from '../push-order.js';

/** What a fake resource has beside its text. */
export interface FakeContent {
  /** Clusters that it names, in a field that no message has. */
  readonly uses?: readonly string[];
  /** Domains of a virtual host. */
  readonly domains?: readonly string[];
}

/** A resource whose content is `text`, as a message whose first field is `name=text`. */
export function resource(typeUrl: string, name: string, text: string, { uses = [], domains = [] }: FakeContent = {}): EncodedResource {
  const writer = new BinaryWriter().uint32(tag(1)).string(`${name}=${text}`);
  for (const domain of domains) writer.uint32(tag(2)).string(domain);
  for (const cluster of uses) writer.uint32(tag(1_000)).string(cluster);
  const value = writer.finish();
  return { name, version: hash('sha1', value, 'hex').slice(0, 8), body: Any.encode({ typeUrl, value: Buffer.from(value) }).finish() };
}

const tag = (field: number): number => (field << 3) | 2;

/** `name=text` of the value of a fake resource. */
export function textOf(value: Uint8Array | undefined): string {
  if (value === undefined) return '';
  const reader = new BinaryReader(value);
  reader.uint32();
  return reader.string();
}

/** Serves what `set` and `delete` made of it, to anybody. */
export class FakeProvider implements ResourceProvider {
  readonly types = new Map<string, Map<string, EncodedResource>>();
  readonly #watches = new Map<string, Set<() => void>>();
  readonly #wholes = new Map<string, ResourceSet>();
  /** Watches that are open now. */
  open = 0;
  /** Types whose reads throw. */
  readonly fails = new Set<string>();

  connect(node: { readonly id: string }): ProxyHandle {
    return { id: node.id, watch: (typeUrl, names, onStale) => this.#watch(typeUrl, names, onStale), close: () => undefined };
  }

  /** The resources of a type. */
  of(typeUrl: string): Map<string, EncodedResource> {
    let resources = this.types.get(typeUrl);
    if (resources === undefined) this.types.set(typeUrl, (resources = new Map()));
    return resources;
  }

  set(typeUrl: string, name: string, text: string, more: Pick<EncodedResource, 'isStandIn'> & FakeContent = {}): void {
    const { isStandIn, ...content } = more;
    this.of(typeUrl).set(name, { ...resource(typeUrl, name, text, content), ...(isStandIn && { isStandIn }) });
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
        if (this.fails.has(typeUrl)) throw new Error('the view can not be read');
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
