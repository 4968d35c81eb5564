/**
 * A histogram for what happens at every push: a bound series is an array that is added to, without labels to check or look up (prom-client's
 * takes about a microsecond each time). Shown as prom-client shows its own. https://prometheus.io/docs/concepts/metric_types/#histogram
 */
import type { Registry } from 'prom-client';

/** One series. */
export interface BoundHistogram {
  observe(value: number): void;
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** One count for each bucket by itself, the last for all that is larger. */
  readonly counts: Float64Array;
  sum: number;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export class Histogram<L extends string = never> {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #series = new Map<string, Series>();
  readonly #plain: BoundHistogram | undefined;

  constructor(
    registry: Registry,
    readonly name: string,
    readonly help: string,
    private readonly bounds: readonly number[],
    readonly labelNames: readonly L[],
  ) {
    registry.registerMetric(this as never);
    if (labelNames.length === 0) this.#plain = this.labels({} as Record<L, string>);
  }

  /** The series with these labels, from now on shown. */
  labels(labels: Readonly<Record<L, string>>): BoundHistogram {
    const key = JSON.stringify(this.labelNames.map((name) => labels[name]));
    const { bounds } = this;
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = { labels, counts: new Float64Array(bounds.length + 1), sum: 0 }));
    const { counts } = series;
    const bound = series;
    return {
      observe(value) {
        let at = 0;
        while (at < bounds.length && value > (bounds[at] as number)) at += 1;
        counts[at] = (counts[at] as number) + 1;
        bound.sum += value;
      },
    };
  }

  /** Counts one value of the series without labels. */
  observe(value: number): void {
    if (this.#plain === undefined) throw new Error(`${this.name}: a value needs its labels`);
    this.#plain.observe(value);
  }

  /** What prom-client's registry asks of a metric. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: readonly Sample[] }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#series.values()].flatMap((series) => this.#samples(series));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    for (const series of this.#series.values()) {
      series.counts.fill(0);
      series.sum = 0;
    }
  }

  #samples({ labels, counts, sum }: Series): readonly Sample[] {
    const { name, bounds } = this;
    let total = 0;
    const buckets = [...bounds, '+Inf'].map((le, i) => {
      total += counts[i] as number;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: total };
    });
    return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: total }];
  }
}
