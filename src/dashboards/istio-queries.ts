/**
 * Queries over Istio's standard metrics that several dashboards share. A request is counted at both ends: by its client (`reporter="source"`), which also
 * sees what never reached a server, and by its server. https://istio.io/latest/docs/reference/config/metrics/
 */

/** Whose view counts. */
export type Reporter = 'source' | 'destination';

/** Selectors of PromQL, as in `a="b",c=~"d"`. */
type Selector = string;

const over = (metric: string, selector: Selector): string => `rate(${metric}{${selector}}[$__rate_interval])`;
const of = (reporter: Reporter, selector: Selector): Selector => [`reporter="${reporter}"`, selector].filter(Boolean).join(',');

/** Requests per second. */
export const requests = (reporter: Reporter, selector: Selector, by: string): string =>
  `sum by (${by}) (${over('istio_requests_total', of(reporter, selector))})`;

/** Share of requests that did not fail: neither 5xx nor, for gRPC, a status other than OK; 1 is all. */
export const success = (reporter: Reporter, selector: Selector, by: string): string =>
  `sum by (${by}) (${over('istio_requests_total', of(reporter, [selector, 'response_code!~"5..|0"'].filter(Boolean).join(',')))}) / ${requests(reporter, selector, by)}`;

/** Milliseconds within which this share of the requests was answered. */
export const duration = (quantile: number, reporter: Reporter, selector: Selector, by: string): string =>
  `histogram_quantile(${quantile}, sum by (le, ${by}) (${over('istio_request_duration_milliseconds_bucket', of(reporter, selector))}))`;

/** Bytes per second of bodies (`request`, `response`). */
export const bodyBytes = (side: 'request' | 'response', reporter: Reporter, selector: Selector, by: string): string =>
  `sum by (${by}) (${over(`istio_${side}_bytes_sum`, of(reporter, selector))})`;

/** Bytes per second of byte streams, as the reporting proxy sees them. */
export const streamBytes = (direction: 'sent' | 'received', reporter: Reporter, selector: Selector, by: string): string =>
  `sum by (${by}) (${over(`istio_tcp_${direction}_bytes_total`, of(reporter, selector))})`;

/** Connections per second that were opened or closed. */
export const connections = (event: 'opened' | 'closed', reporter: Reporter, selector: Selector, by: string): string =>
  `sum by (${by}) (${over(`istio_tcp_connections_${event}_total`, of(reporter, selector))})`;
