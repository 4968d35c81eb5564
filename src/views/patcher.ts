/**
 * Applies the patches of one selection to encoded resources, each once: what was patched before is looked up by the resource that it was made of, so
 * that the views' sharing and small changes survive patching. A resource that no patch is about stays the very same object.
 */
import { clone } from '@bufbuild/protobuf';
import { Any } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import { patchCluster, patchesOfCluster } from '../translate/patch/cluster.js';
import { decodeAs, encodeAs, envoyType } from '../translate/patch/envoy-types.js';
import { hasListenerPatches, patchListener } from '../translate/patch/listener.js';
import { CLUSTER, type ClusterMessage, LISTENER, type ListenerMessage, type Named } from '../translate/patch/messages.js';
import { type Applied, additions, isMerge, type Patch, type PatchContext, type Patches, patchesFor } from '../translate/patch/patch.js';
import { hasRoutePatches, patchEncodedRoutes } from '../translate/patch/route-configuration.js';
import type { ServerPorts } from '../translate/patch/route-match.js';
import { type EncodedResource, encodeBytes } from './encode.js';
import { CLUSTER_TYPE, EXTENSION_TYPE, LISTENER_TYPE, ROUTE_TYPE } from './type-urls.js';

export interface Failure {
  readonly message: string;
  /** Id of the last patch that had matched. */
  readonly after: string | undefined;
  /** The cluster that was to be added, where there is one of its name. */
  readonly repeatedCluster?: string;
}

/** What became of one resource. */
export interface Patched {
  /** Undefined when a patch removed it. */
  readonly resource: EncodedResource | undefined;
  /** Ids of the patches that matched. */
  readonly applied: ReadonlySet<string>;
  /** Why patching failed, the resource is then as it was; or what was left out because it would be there twice (XD-034). */
  readonly failure?: Failure;
}

export type PatchedType = 'cds' | 'lds';

/** What a chunk belongs to. `hosts`: of the services behind an inbound cluster's port. */
export interface Side {
  readonly context: PatchContext;
  /** Patched resources are remembered per owner: whatever `hosts` depends on. */
  readonly owner: object;
  hosts(port: number): readonly string[];
}

const NOTHING: ReadonlySet<string> = new Set();
const APPLY_TO = { cds: 'CLUSTER', lds: 'LISTENER' } as const;
const TYPE_URL = { cds: CLUSTER_TYPE, lds: LISTENER_TYPE } as const;

export class Patcher {
  readonly #patches = new Map<PatchContext, Patches>();
  readonly #added = new Map<string, readonly EncodedResource[]>();
  readonly #patched = new WeakMap<object, WeakMap<EncodedResource, Patched>>();
  readonly #chunks = new WeakMap<object, WeakMap<readonly EncodedResource[], readonly EncodedResource[]>>();

  constructor(readonly patches: readonly Patch[]) {}

  /** A chunk after patching: the same one when nothing is different. */
  chunk(type: PatchedType, chunk: readonly EncodedResource[], side: Side): readonly EncodedResource[] {
    const patches = this.#for(side.context);
    if (type === 'cds' ? !patches.has('CLUSTER') : !hasListenerPatches(patches)) return chunk;
    const known = memo(this.#chunks, side.owner);
    let patched = known.get(chunk);
    if (patched === undefined) {
      const resources = chunk.flatMap((resource) => this.one(type, resource, side).resource ?? []);
      patched = resources.length === chunk.length && resources.every((resource, i) => resource === chunk[i]) ? chunk : resources;
      known.set(chunk, patched);
    }
    return patched;
  }

  /** One cluster or listener of a chunk. */
  one(type: PatchedType, resource: EncodedResource, side: Side): Patched {
    const known = memo(this.#patched, side.owner);
    let patched = known.get(resource);
    if (patched === undefined) {
      patched = guarded(resource, (applied) => (type === 'cds' ? this.#cluster(resource, side, applied) : this.#listener(resource, side, applied)));
      known.set(resource, patched);
    }
    return patched;
  }

  #cluster(resource: EncodedResource, side: Side, applied: Applied): EncodedResource | undefined {
    const port = Number(resource.name.split('|')[1] ?? 0);
    const patches = patchesOfCluster(resource.name, this.#for(side.context), () => side.hosts(port));
    if (patches.length === 0) return resource;
    const type = envoyType(CLUSTER);
    const cluster = patchCluster(decodeAs<ClusterMessage>(type, payload(resource)), patches, applied);
    return cluster && encodeBytes(CLUSTER_TYPE, cluster.name, encodeAs(type, cluster));
  }

  #listener(resource: EncodedResource, side: Side, applied: Applied): EncodedResource | undefined {
    const type = envoyType(LISTENER);
    const listener = patchListener(decodeAs<ListenerMessage>(type, payload(resource)), this.#for(side.context), applied);
    return listener && encodeBytes(LISTENER_TYPE, listener.name, encodeAs(type, listener));
  }

  /** Whole clusters or listeners that patches add. */
  added(type: PatchedType, context: PatchContext): readonly EncodedResource[] {
    const key = `${type}|${context}`;
    let added = this.#added.get(key);
    if (added === undefined) {
      added = additions(this.#for(context), APPLY_TO[type]).map((patch) => encodeValue(TYPE_URL[type], patch));
      this.#added.set(key, added);
    }
    return added;
  }

  /** Ids of the patches that add clusters or listeners. */
  adding(type: PatchedType, context: PatchContext): readonly string[] {
    return additions(this.#for(context), APPLY_TO[type]).map(({ id }) => id);
  }

  /** Names that patches give to clusters or listeners: another resource could have them already. */
  givenNames(type: PatchedType): ReadonlySet<string> {
    const values = this.patches.filter((patch) => patch.applyTo === APPLY_TO[type] && (isMerge(patch) || patch.operation === 'ADD'));
    return new Set(values.map(({ value }) => (value as Named).name).filter((name) => name !== ''));
  }

  hasRoutePatches(context: PatchContext): boolean {
    return hasRoutePatches(this.#for(context));
  }

  route(resource: EncodedResource, context: PatchContext, ports: ServerPorts): Patched {
    const dropped: string[] = [];
    const patched = guarded(resource, (applied) => {
      const bytes = patchEncodedRoutes(payload(resource), this.#for(context), ports, applied, dropped);
      return bytes === undefined ? resource : encodeBytes(ROUTE_TYPE, resource.name, bytes);
    });
    if (dropped.length === 0 || patched.failure !== undefined) return patched;
    return { ...patched, failure: { message: `route configuration ${resource.name}: ${dropped.join('; ')}`, after: [...patched.applied].at(-1) } };
  }

  /** An extension's configuration by name; of several the first. */
  extension(name: string): EncodedResource | undefined {
    const patch = this.patches.find(({ applyTo, value }) => applyTo === 'EXTENSION_CONFIG' && (value as Named).name === name);
    return patch && encodeValue(EXTENSION_TYPE, patch);
  }

  #for(context: PatchContext): Patches {
    let patches = this.#patches.get(context);
    if (patches === undefined) this.#patches.set(context, (patches = patchesFor(context, this.patches)));
    return patches;
  }
}

/** The message inside a resource's Any. */
const payload = (resource: EncodedResource): Uint8Array => Any.decode(resource.body).value;

const encodeValue = (typeUrl: string, { type, value }: Patch): EncodedResource => {
  const message = clone(type, value as Named) as Named;
  return encodeBytes(typeUrl, message.name, encodeAs(type, message));
};

/** EF-020: whatever a patch does, the other resources and the unpatched one are still served. */
function guarded(resource: EncodedResource, patch: (applied: Applied) => EncodedResource | undefined): Patched {
  const applied: Applied = new Set();
  try {
    const patched = patch(applied);
    return applied.size === 0 ? { resource, applied: NOTHING } : { resource: patched, applied };
  } catch (error) {
    const message = `${resource.name} could not be patched: ${error instanceof Error ? error.message : String(error)}`;
    return { resource, applied: NOTHING, failure: { message, after: [...applied].at(-1) } };
  }
}

function memo<K extends object, V>(all: WeakMap<object, WeakMap<K, V>>, owner: object): WeakMap<K, V> {
  let own = all.get(owner);
  if (own === undefined) all.set(owner, (own = new WeakMap()));
  return own;
}
