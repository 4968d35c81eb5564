/**
 * Istio's default access log lines. Dashboards and log parsers know them, so operators and order are compatibility surface.
 * https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
 */

import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { FileLog } from './file.js';

/** Operator of each named value, in the order of the JSON keys of the reference's documentation. */
const OPERATORS = {
  start_time: '%START_TIME%',
  route_name: '%ROUTE_NAME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
} as const;

type Name = keyof typeof OPERATORS;
const quoted = (...names: Name[]): string => `"${names.map((name) => OPERATORS[name]).join(' ')}"`;

/** JSON object when `accessLogEncoding` is JSON and no format is given. */
export const DEFAULT_JSON_FORMAT: Readonly<Record<string, string>> = OPERATORS;

/** Text line, with its newline. */
export const DEFAULT_TEXT_FORMAT = `${[
  `[${OPERATORS.start_time}]`,
  quoted('method', 'path', 'protocol'),
  OPERATORS.response_code,
  OPERATORS.response_flags,
  OPERATORS.response_code_details,
  OPERATORS.connection_termination_details,
  quoted('upstream_transport_failure_reason'),
  OPERATORS.bytes_received,
  OPERATORS.bytes_sent,
  OPERATORS.duration,
  OPERATORS.upstream_service_time,
  quoted('x_forwarded_for'),
  quoted('user_agent'),
  quoted('request_id'),
  quoted('authority'),
  quoted('upstream_host'),
  OPERATORS.upstream_cluster,
  OPERATORS.upstream_local_address,
  OPERATORS.downstream_local_address,
  OPERATORS.downstream_remote_address,
  OPERATORS.requested_server_name,
  OPERATORS.route_name,
].join(' ')}\n`;

/** The format that MeshConfig gives. */
export function meshFormat({ accessLogEncoding, accessLogFormat = '' }: EffectiveMeshConfig): FileLog['format'] {
  if (accessLogEncoding === 'TEXT') return { text: accessLogFormat === '' ? DEFAULT_TEXT_FORMAT : withNewline(accessLogFormat) };
  return { json: (accessLogFormat === '' ? undefined : parseObject(accessLogFormat)) ?? DEFAULT_JSON_FORMAT };
}

/** A line of a text format ends with a newline, whether the user wrote it or not. */
export const withNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** undefined for text that is no JSON object: the reference falls back to its default then. */
function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
