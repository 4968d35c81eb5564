/**
 * Which of Istio's resources the proxies of this replica have: what each was sent, the rows that it was made of, and whether it was accepted. Looked up
 * in slices, so that streams are served in between.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { syncStatus } from '../debug/syncz.js';
import type { Mesh } from '../model/mesh.js';
import { CONDITIONED, type Programmed } from '../status/resource-conditions.js';
import type { EncodedResource } from '../views/encode.js';
import type { Views } from '../views/views.js';
import type { ConnectionStatus, TypeStatus } from '../xds/connection-status.js';

/** Counts by `kind namespace/name`. */
export type ProgrammedReport = ReadonlyMap<string, Programmed>;

const KIND_OF = new Map(CONDITIONED.map(({ collection, kind }) => [collection, kind]));

export class ProgrammedFinder {
  /** Rows that a resource was made of; proxies share resources, so this is looked up once for all of them. */
  readonly #madeOf = new WeakMap<EncodedResource, readonly string[]>();

  constructor(
    private readonly mesh: Mesh,
    private readonly views: Views,
  ) {}

  async report(connections: readonly ConnectionStatus[]): Promise<ProgrammedReport> {
    const keys = new Map([...this.mesh.rows.proxies.list().values()].map(({ key, name, namespace }) => [`${name}.${namespace}`, key]));
    const found = new Map<string, Programmed>();
    for (const { proxy, types } of connections) {
      const key = keys.get(proxy);
      if (key === undefined) continue;
      await turn();
      const states = new Map<string, { isSynced: boolean; refusal?: string }>();
      for (const type of types) this.#note(key, type, states);
      for (const [id, { isSynced, refusal }] of states) {
        const { proxies, synced, refusal: known } = found.get(id) ?? { proxies: 0, synced: 0 };
        const told = known ?? (refusal === undefined ? undefined : { proxy, message: refusal });
        found.set(id, { proxies: proxies + 1, synced: synced + Number(isSynced), ...(told && { refusal: told }) });
      }
    }
    return found;
  }

  #note(proxyKey: string, type: TypeStatus, states: Map<string, { isSynced: boolean; refusal?: string }>): void {
    const isSynced = syncStatus(type) === 'SYNCED';
    const watch = this.views.watch(proxyKey, type.typeUrl, type.wildcard ? undefined : type.names, () => undefined);
    try {
      for (const chunk of watch.read().chunks)
        for (const resource of chunk) {
          // Envoy names what it refuses; what came with it is accepted.
          const isRefused = type.error !== undefined && namesIt(type.error.message, resource.name);
          const isFine = isSynced || (type.error !== undefined && namesAny(type.error.message) && !isRefused);
          for (const id of this.#rowsOf(resource, watch)) {
            const known = states.get(id);
            const refusal = known?.refusal ?? (isRefused ? type.error?.message : undefined);
            states.set(id, { isSynced: isFine && known?.isSynced !== false, ...(refusal !== undefined && { refusal }) });
          }
        }
    } finally {
      watch.close();
    }
  }

  #rowsOf(resource: EncodedResource, watch: ReturnType<Views['watch']>): readonly string[] {
    const known = this.#madeOf.get(resource);
    if (known !== undefined) return known;
    const rows = watch.originsOf(resource).flatMap(({ collection, key, row }) => {
      const kind = KIND_OF.get(collection);
      return kind === undefined || row === undefined ? [] : [`${kind} ${key}`];
    });
    const found = [...new Set(rows)];
    this.#madeOf.set(resource, found);
    return found;
  }
}

/** `Error adding/updating listener(s) 0.0.0.0_80: …`, `… cluster(s) a: …, b: …`. */
const namesAny = (message: string): boolean => message.includes('adding/updating');
const namesIt = (message: string, name: string): boolean => message.includes(`${name}:`) || message.includes(`'${name}'`);
