/** What is counted of statuses that the leader writes. */
import type { Instruments } from './instruments.js';

export const statusInstruments = (make: Instruments) => ({
  writes: make.counter('mizzen_status_writes_total', 'Attempts to write the status of a resource, by kind and result.', ['kind', 'result']),
});

export type StatusInstruments = ReturnType<typeof statusInstruments>;
