/**
 * How a listener treats a port: as HTTP, as a byte stream, or by looking (SD-014).
 */
import { isDetected, isHttp, type Protocol } from '../../model/protocol.js';

export type ListenerProtocol = 'HTTP' | 'TCP' | 'detect';

/** UDP and the tunnel protocols count as a byte stream here; outbound listeners leave them out beforehand. */
export function listenerProtocol(protocol: Protocol): ListenerProtocol {
  if (isHttp(protocol)) return 'HTTP';
  return isDetected(protocol) ? 'detect' : 'TCP';
}
