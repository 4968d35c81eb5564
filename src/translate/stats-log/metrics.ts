/**
 * Istio's standard metrics as the access logger of statistics makes them (TE-006): when each is counted and what its value is.
 * https://istio.io/latest/docs/reference/config/metrics/
 */
import { Config_Histogram_Unit as Unit } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/stats/v3/stats.js';

/** The moments at which something is counted: the end of a request, the begin and the end of a byte stream. */
export type Moment = 'request' | 'opened' | 'closed';

export interface Metric {
  /** Without the prefix `istio_`. */
  readonly name: string;
  readonly moment: Moment;
  /** Format of the value; a counter without one counts by one. */
  readonly value?: string;
  /** Makes it a histogram. */
  readonly unit?: Unit;
}

/** Messages of gRPC are not among them: Envoy counts them, but no format gives the count as a number (1.40). */
export const METRICS: readonly Metric[] = [
  { name: 'requests_total', moment: 'request' },
  { name: 'request_duration_milliseconds', moment: 'request', value: '%DURATION%', unit: Unit.Milliseconds },
  { name: 'request_bytes', moment: 'request', value: '%BYTES_RECEIVED%', unit: Unit.Bytes },
  { name: 'response_bytes', moment: 'request', value: '%BYTES_SENT%', unit: Unit.Bytes },
  { name: 'tcp_connections_opened_total', moment: 'opened' },
  { name: 'tcp_connections_closed_total', moment: 'closed' },
  // Envoy's count of an open stream is a running total: to add it up at each report would count bytes again and again.
  { name: 'tcp_sent_bytes_total', moment: 'closed', value: '%BYTES_SENT%' },
  { name: 'tcp_received_bytes_total', moment: 'closed', value: '%BYTES_RECEIVED%' },
];
