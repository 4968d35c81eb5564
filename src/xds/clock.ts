/** Time as the protocol sees it, so that tests of limits and grace periods do not wait. */
export interface Clock {
  /** Milliseconds on a monotonic scale. */
  now(): number;
  /** Runs once after `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void;
  /** Runs after pending I/O was handled. */
  soon(run: () => void): void;
}

/** The process' own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (run) => void setImmediate(run),
};
