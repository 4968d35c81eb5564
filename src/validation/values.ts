/**
 * Checks of durations, percentages, regular expressions and protocols. Each gives a message, or nothing when the value is good.
 */
import { RE2JS } from 're2js';
import { MILLISECOND, parseDuration } from '../api/duration.js';

/** At least 1ms, in whole milliseconds. */
export function duration(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const value = parseDuration(text);
  if (value === undefined) return `'${text}' is no duration (such as 10s, 1h or 500ms)`;
  if (value < MILLISECOND) return 'must be a duration of at least 1ms';
  return value % MILLISECOND === 0 ? undefined : 'must be a duration in whole milliseconds';
}

/** As {@link duration}; zero is also good and switches the timeout off. */
export const durationOrZero = (text: string | undefined): string | undefined =>
  text !== undefined && Math.trunc((parseDuration(text) ?? 1e12) / MILLISECOND) === 0 ? undefined : duration(text);

/** A share in whole percent. */
export const percent = (value: number | undefined): string | undefined =>
  value === undefined || (value >= 0 && value <= 100) ? undefined : `must be in the range 0 to 100, not ${value}`;

/** A share that Envoy can express: it counts in millionths. */
export const fineShare = (value: number | undefined): string | undefined =>
  value === undefined || value === 0 || (value >= 0.0001 && value <= 100) ? undefined : `must be 0 or in the range 0.0001 to 100, not ${value}`;

export const nonNegative = (value: number | undefined): string | undefined => (value !== undefined && value < 0 ? 'must not be negative' : undefined);

/** An RE2 expression. Envoy bounds the size of the compiled program, which is never smaller than the text; 1024 is Istio's bound. */
export function regex(text: string): string | undefined {
  if (text === '') return 'a regular expression must not be empty';
  if (Buffer.byteLength(text) > 1024) return 'a regular expression must not have more than 1024 characters';
  return syntax(text);
}

/** RE2 syntax alone. https://github.com/google/re2/wiki/Syntax */
export function syntax(text: string): string | undefined {
  try {
    RE2JS.compile(text);
    return undefined;
  } catch (error) {
    return `'${text}' is no RE2 regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const HTTP = ['http', 'http2', 'http_proxy', 'grpc', 'grpc-web'];
const TLS = ['https', 'tls'];
const TCP = ['tcp', 'https', 'tls', 'mongo', 'redis', 'mysql'];

/** Istio's protocol names, without regard to case. */
export const isHttp = (protocol: string): boolean => HTTP.includes(protocol.toLowerCase());
export const isTls = (protocol: string): boolean => TLS.includes(protocol.toLowerCase());
export const isTcp = (protocol: string): boolean => TCP.includes(protocol.toLowerCase());
export const isProtocol = (protocol: string): boolean => isHttp(protocol) || isTcp(protocol) || protocol.toLowerCase() === 'udp';

/** A protocol; none means that it is sniffed. */
export const protocol = (text: string | undefined): string | undefined =>
  text === undefined || text === '' || isProtocol(text)
    ? undefined
    : `'${text}' is no protocol that is supported (HTTP, HTTPS, HTTP2, GRPC, TCP, TLS, …)`;
