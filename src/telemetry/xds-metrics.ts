/** Counts what the xDS protocol tells. It costs no look-up: the series of a type are bound once. */
import type { Instruments } from './instruments.js';
import { type XdsInstruments, xdsInstruments } from './xds-instruments.js';

/** What is counted for one resource type. */
export interface TypeMetrics {
  pushed(seconds: number, bytes: number): void;
  /** `code`: the client's gRPC code, by name. */
  rejected(proxy: string, code: string): void;
  /** The proxy accepts this type again, or left. */
  recovered(proxy: string): void;
  expiredNonce(): void;
}

/** What a version looks like, and how many there may be: a stranger makes no series without end. */
const VERSION = /^[\w.-]{1,64}$/;
const MAX_VERSIONS = 64;
const OUTCOMES = ['unaffected', 'accepted', 'refused', 'lost'] as const;

export class XdsMetrics {
  readonly counts: XdsInstruments;
  readonly #types = new Map<string, TypeMetrics>();
  readonly #versions = new Map<string, number>();
  #largest = 0;

  constructor(private readonly make: Instruments) {
    this.counts = xdsInstruments(make);
    this.counts.connected.set({ version: '' }, 0);
    for (const outcome of OUTCOMES) this.counts.changes.inc({ outcome }, 0);
  }

  /** A proxy came (1) or left (-1). */
  connected(istioVersion: unknown, by: 1 | -1): void {
    const version = this.#label(istioVersion, by);
    const count = (this.#versions.get(version) ?? 0) + by;
    if (count > 0 || version === '') {
      this.#versions.set(version, count);
      this.counts.connected.set({ version }, count);
    } else {
      this.#versions.delete(version);
      this.counts.connected.remove({ version });
    }
  }

  /** A request of this size came in. */
  received(bytes: number): void {
    if (bytes <= this.#largest) return;
    this.#largest = bytes;
    this.counts.received.set(bytes);
  }

  /** A change is through. */
  changed(outcome: (typeof OUTCOMES)[number], seconds: number): void {
    this.counts.changes.inc({ outcome });
    if (outcome === 'accepted' || outcome === 'refused') this.counts.changeConvergence.observe(seconds);
  }

  /** The series of one type: `short` is cds, eds, lds, rds, sds. */
  type(short: string, typeUrl: string): TypeMetrics {
    let type = this.#types.get(short);
    if (type === undefined) this.#types.set(short, (type = this.#bind(short, typeUrl)));
    return type;
  }

  #bind(type: string, typeUrl: string): TypeMetrics {
    const pushes = this.counts.pushes.labels(type);
    const pushTime = this.counts.pushTime.labels({ type });
    const sizes = this.counts.sizes.labels({ type: typeUrl });
    const rejects = this.counts.rejects.labels(type);
    const expired = this.counts.expiredNonces.labels(type);
    // What begins with its first count has not grown in Prometheus' eyes: the first refusal would raise no alert.
    for (const counter of [rejects, expired]) counter.inc(0);
    const rejecting = this.make.gauge(`pilot_xds_${type}_reject`, `Proxies that refused their last ${type.toUpperCase()} response.`, ['node', 'err']);
    const codes = new Map<string, string>();
    const recovered = (node: string): void => {
      const err = codes.get(node);
      codes.delete(node);
      if (err !== undefined) rejecting.remove({ node, err });
    };
    return {
      pushed: (seconds, bytes) => {
        pushes.inc();
        pushTime.observe(seconds);
        sizes.observe(bytes);
      },
      rejected: (node, err) => {
        rejects.inc();
        recovered(node);
        codes.set(node, err);
        rejecting.set({ node, err }, 1);
      },
      recovered,
      expiredNonce: () => expired.inc(),
    };
  }

  /** Whoever leaves is counted where there are some, so that the sum stays true. */
  #label(version: unknown, by: 1 | -1): string {
    if (typeof version !== 'string' || !VERSION.test(version)) return '';
    return this.#versions.has(version) || (by > 0 && this.#versions.size < MAX_VERSIONS) ? version : '';
  }
}
