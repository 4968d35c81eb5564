/**
 * Eviction. A node that loses its last reader is not dropped at once, because the same pass may be about to read it again (a cluster
 * that moves from one chunk to another, a proxy that reconnects). It is listed here, and dropped once it went unused for a whole
 * revision, or when very many such nodes gather without any write.
 */
import { Memoised, type Node, removeDependant } from './node.js';

/** A sweep drops no more than this many nodes, or a quarter of the list when that is more, so that it never stalls the event loop. */
const SWEEP_AT_LEAST = 4096;
/** A node unused for this many ticks goes. One would drop what is read once after each transaction just before it is read again. */
const GRACE = 2;

export class Sweeper {
  /** Read records held by all memos; kept here because links are cut here. */
  edges = 0;
  /** Advances with each committed transaction and with each overflow. */
  private tick = GRACE;
  private list: Node[] = [];
  private overflowAt: number;

  constructor(private readonly spare: number) {
    this.overflowAt = spare;
  }

  /** How many nodes wait (some may be in use again). */
  get size(): number {
    return this.list.length;
  }

  /** Notes a use that leaves no edge behind: a read from outside of all queries. */
  touch(node: Node): void {
    node.usedAt = this.tick;
    if (!node.idle && !node.isUsed()) this.enlist(node);
  }

  /** Cuts the edge from `reader` to `node`, and lists the node when that was its last. */
  unlink(node: Node, reader: Memoised): void {
    removeDependant(node, reader);
    if (!node.isUsed()) this.touch(node);
  }

  /** Sweeps when too much has gathered. Only to be called while no query runs: running ones hold nodes that have no edge yet. */
  relieve(): void {
    if (this.list.length > this.overflowAt) this.sweep();
  }

  /** Starts a new tick and drops what went unused for long enough, or with `all` everything that is unused. */
  sweep(all = false): void {
    this.tick++;
    const before = this.tick - GRACE;
    const waiting = this.list;
    let budget = all ? Number.POSITIVE_INFINITY : Math.max(SWEEP_AT_LEAST, waiting.length >> 2);
    this.list = [];
    for (const node of waiting) {
      node.idle = false;
      if (node.isUsed()) continue;
      if (!all && (node.usedAt > before || budget <= 0)) this.enlist(node);
      else budget -= this.evict(node, all ? this.tick : before, budget);
    }
    this.overflowAt = this.list.length + this.spare;
  }

  private enlist(node: Node): void {
    node.idle = true;
    this.list.push(node);
  }

  /** Drops a node and what only it had read; returns how many went. An explicit stack, for chains can be long. */
  private evict(first: Node, before: number, budget: number): number {
    const stack = [first];
    let evicted = 0;
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      evicted++;
      node.drop();
      if (!(node instanceof Memoised)) continue;
      this.edges -= node.deps.length;
      for (const dep of node.deps) {
        removeDependant(dep, node);
        if (dep.isUsed() || dep.idle) continue; // the idle ones are further on in the list, or were just spared
        if (dep.usedAt <= before && evicted + stack.length < budget) stack.push(dep);
        else this.enlist(dep);
      }
    }
    return evicted;
  }
}
