/**
 * Changes from their write to the last answer (MT-001): what sources write goes through here, so that every change is timed, followed through
 * the streams and, when asked for, traced.
 */
import type { WriteCause } from '../sources/source.js';
import type { Metrics } from '../telemetry/metrics.js';
import { type ChangeListener, ChangeTracker } from '../xds/change-tracker.js';

/** A change and its times, in milliseconds on the scale of performance.now. */
export interface ChangeTimes extends WriteCause {
  /** When its transaction began and ended. */
  readonly writeAt: number;
  readonly writtenAt: number;
}

/** Told of changes one by one; only tracing is. */
export interface ChangeObserver extends ChangeListener {
  /** Comes before all else of the change. */
  written(change: number, times: ChangeTimes): void;
}

const now = (): number => performance.now();

export class Changes {
  readonly tracker: ChangeTracker;
  #observer: ChangeObserver | undefined;

  constructor(private readonly metrics: Metrics) {
    const { xds } = metrics;
    const { convergence } = xds.counts;
    this.tracker = new ChangeTracker({
      sent: (push, change, writtenAt, at) => {
        convergence.observe((at - writtenAt) / 1000);
        this.#observer?.sent?.(push, change, writtenAt, at);
      },
      answered: (push, change, answer, at) => this.#observer?.answered?.(push, change, answer, at),
      done: (report) => {
        xds.changed(report.outcome, report.ms / 1000);
        this.#observer?.done?.(report);
      },
    });
  }

  /** Tells somebody of each change from now on. */
  observe(observer: ChangeObserver): void {
    this.#observer = observer;
  }

  /** Runs a transaction as one change. */
  write(cause: WriteCause | undefined, transaction: () => void): void {
    const { config } = this.metrics;
    const writeAt = now();
    const { since, readAt, set, deleted } = cause ?? { since: writeAt, readAt: writeAt, set: [], deleted: [] };
    this.tracker.change(since, now, (change) => {
      transaction();
      const writtenAt = now();
      config.pushContextInit.observe((writtenAt - writeAt) / 1000);
      config.debounceTime.observe((writtenAt - since) / 1000);
      this.#observer?.written(change, { since, readAt, writeAt, writtenAt, set, deleted });
    });
  }
}
