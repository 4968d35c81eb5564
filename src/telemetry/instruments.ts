/** Makes instruments in one registry, so that each metric is declared in one line where it belongs. */
import { Counter, Gauge, Registry } from 'prom-client';
import { Histogram } from './histogram.js';

/** Buckets for times, in seconds. */
export const SECONDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 5, 10, 20, 30];
/** Buckets for sizes of responses, in bytes: 4 MB is gRPC's default limit. */
export const BYTES: readonly number[] = [1e3, 1e4, 1e5, 1e6, 4e6, 1e7, 4e7];

export class Instruments {
  readonly registry = new Registry();
  readonly #in = { registers: [this.registry] };

  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ ...this.#in, name, help, labelNames: [...labelNames] });
  }

  gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ ...this.#in, name, help, labelNames: [...labelNames] });
  }

  histogram<L extends string = never>(name: string, help: string, buckets: readonly number[] = SECONDS, labelNames: readonly L[] = []): Histogram<L> {
    return new Histogram(this.registry, name, help, buckets, labelNames);
  }

  /** A gauge that is filled at each scrape. */
  collected<L extends string>(name: string, help: string, labelNames: readonly L[], collect: (gauge: Gauge<L>) => void): void {
    new Gauge({
      ...this.#in,
      name,
      help,
      labelNames: [...labelNames],
      collect() {
        collect(this as Gauge<L>);
      },
    });
  }
}
