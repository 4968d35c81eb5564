/** Names of network gateways bound to the mesh: the model says which are wanted, addresses become rows (CL-007). */
import type { Watch } from '../graph/graph.js';
import type { Mesh } from '../model/mesh.js';
import { HostResolver } from '../sources/host-resolver.js';
import type { Logger } from '../telemetry/log.js';

/** How long the start may wait for first answers. */
const START_MS = 3_000;

export class HostLoader {
  readonly #resolver: HostResolver;
  #watch: Watch<readonly string[]> | undefined;

  constructor(private readonly parts: { readonly mesh: Mesh; readonly log: Logger }) {
    const { graph, rows } = parts.mesh;
    this.#resolver = new HostResolver({
      onAddresses: (hostname, addresses) => graph.transaction(() => rows.hostAddresses.set({ hostname, addresses })),
      onGone: (hostname) => graph.transaction(() => rows.hostAddresses.delete(hostname)),
      onError: (hostname, error) => parts.log.warn({ hostname, err: error }, 'the name of a network gateway could not be resolved; trying again'),
    });
  }

  /** Resolves when every name was tried, or after a few seconds. */
  async start(): Promise<void> {
    const { graph, networkGateways } = this.parts.mesh;
    const wanted = graph.query('wantedHosts', (): readonly string[] => networkGateways.hostnames());
    const watch = graph.watch(wanted, '', () => queueMicrotask(() => this.#watch && void this.#resolver.want(watch.read())));
    this.#watch = watch;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, START_MS).unref()));
    await Promise.race([this.#resolver.want(watch.read()), late]);
    clearTimeout(timer);
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#resolver.close();
  }
}
