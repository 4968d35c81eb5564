/** Retry policy of a route, and of the whole mesh. https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry */
import { STATUS_CODES } from 'node:http';
import type { HTTPRetry } from '../../api/istio.js';
import type { Findings } from '../findings.js';
import { duration } from '../values.js';

const CONDITIONS = new Set(
  '5xx gateway-error reset reset-before-request connect-failure retriable-4xx refused-stream retriable-status-codes retriable-headers envoy-ratelimited http3-post-connect-failure cancelled deadline-exceeded internal resource-exhausted unavailable'.split(
    ' ',
  ),
);

/** `leniently`: what Envoy can live with is a warning, as for the mesh, whose settings the reference takes without a look at these. */
export function validateRetries(retries: HTTPRetry | undefined, findings: Findings, leniently = false): void {
  if (retries === undefined) return;
  const tell = (at: Findings, message: string): void => (leniently ? at.warn(message) : at.error(message));
  const { attempts = 0, retryOn = '' } = retries;
  if (attempts < 0) findings.at('attempts').error('must not be negative');
  const more = retries.perTryTimeout !== undefined || retryOn !== '' || typeof retries.retryRemoteLocalities === 'boolean';
  if (attempts === 0 && more) tell(findings.at('attempts'), 'is 0, which switches retries off; nothing else may be set with it');
  findings.at('perTryTimeout').check(duration(retries.perTryTimeout));
  findings.at('backoff').check(duration(retries.backoff));
  for (const condition of retryOn === '' ? [] : retryOn.split(',')) {
    const status = /^[+-]?\d+$/.test(condition) ? STATUS_CODES[Number(condition)] : undefined;
    if (status === undefined && !CONDITIONS.has(condition)) tell(findings.at('retryOn'), `'${condition}' is no condition for retries`);
  }
}
