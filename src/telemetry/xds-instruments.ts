/**
 * What is counted of the xDS protocol as a whole (MT-001, MT-002): istiod's names where they mean the same, and what istiod does not count:
 * changes followed to their end. https://istio.io/latest/docs/reference/commands/pilot-discovery/#metrics
 */
import { BYTES, type Instruments, SECONDS } from './instruments.js';

export const xdsInstruments = (make: Instruments) => ({
  connected: make.gauge('pilot_xds', 'Proxies connected over xDS, by the version of Istio that they say they are of.', ['version']),
  received: make.gauge('pilot_xds_recv_max', 'Size of the largest request received so far, in bytes.'),
  pushes: make.counter('pilot_xds_pushes', 'Responses sent to proxies, by type.', ['type']),
  pushTime: make.histogram('pilot_xds_push_time', 'Time in seconds from a change or request to the response.', SECONDS, ['type']),
  sizes: make.histogram('pilot_xds_config_size_bytes', 'Size of responses in bytes, by type URL.', BYTES, ['type']),
  rejects: make.counter('pilot_total_xds_rejects', 'Responses that proxies refused, by type.', ['type']),
  expiredNonces: make.counter('pilot_xds_expired_nonce', 'Requests with an outdated nonce, by type.', ['type']),
  internalErrors: make.counter('pilot_total_xds_internal_errors', 'Internal xDS errors.'),
  writeTimeouts: make.counter('pilot_xds_write_timeout', 'Streams closed because the proxy took no bytes.'),
  convergence: make.histogram('pilot_proxy_convergence_time', 'Delay in seconds between a change and a proxy being sent it.'),
  queueTime: make.histogram('pilot_proxy_queue_time', 'Time in seconds that a proxy waits in the push queue for its turn.'),
  sendTime: make.histogram('pilot_xds_send_time', 'Time in seconds that responses take to leave for a proxy.'),
  limited: make.counter('mizzen_xds_limited_total', 'Streams and connections that a limit on peers ended or refused, by limit.', ['limit']),
  refusedStreams: make.counter('mizzen_xds_refused_streams_total', 'Streams refused before the proxy was accepted, by gRPC status.', ['status']),
  secretsRefused: make.counter('mizzen_xds_secrets_refused_total', 'Requests for secrets over plaintext, answered with nothing.'),
  gatesExpired: make.counter('mizzen_xds_gates_expired_total', 'Routes sent although their clusters were not accepted in time.'),
  changeConvergence: make.histogram(
    'mizzen_change_convergence_seconds',
    'Time from a write until the last proxy that was sent something because of it has answered.',
  ),
  changes: make.counter('mizzen_changes_total', 'Changes by what became of them: unaffected, accepted, refused, lost.', ['outcome']),
});

export type XdsInstruments = ReturnType<typeof xdsInstruments>;
