/**
 * Fields of a connection manager that ProxyConfig.proxyHeaders decides: Server, request id, client certificate details.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig-ProxyHeaders
 */
import {
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  type HttpConnectionManager,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { ProxyHeaders } from '../../api/mesh-config.js';
import type { Partial } from '../proto.js';

const FORWARD: Readonly<Record<string, ForwardClientCert>> = {
  SANITIZE: ForwardClientCert.SANITIZE,
  FORWARD_ONLY: ForwardClientCert.FORWARD_ONLY,
  APPEND_FORWARD: ForwardClientCert.APPEND_FORWARD,
  SANITIZE_SET: ForwardClientCert.SANITIZE_SET,
  ALWAYS_FORWARD_ONLY: ForwardClientCert.ALWAYS_FORWARD_ONLY,
};

/** Reads a ForwardClientCertDetails word; undefined for UNDEFINED and unknown words. */
export const forwardClientCert = (word: string | undefined): ForwardClientCert | undefined => (word === undefined ? undefined : FORWARD[word]);

/** Server header, request id and forwarded port. Sidecars leave `server: envoy` on what they send out; all others say istio-envoy. */
export function translateProxyHeaders(headers: ProxyHeaders, side: 'inbound' | 'outbound' | 'gateway'): Partial<HttpConnectionManager> {
  const manager: Partial<HttpConnectionManager> = {};
  if (side !== 'outbound') manager.serverName = 'istio-envoy';
  if (headers.server?.disabled === true) {
    manager.serverName = '';
    manager.serverHeaderTransformation = ServerHeader.PASS_THROUGH;
  } else if (headers.server?.value !== undefined && headers.server.value !== '') {
    manager.serverName = headers.server.value;
  }
  if (headers.requestId?.disabled === true) manager.generateRequestId = false;
  if (headers.xForwardedPort?.enabled === true) manager.appendXForwardedPort = true;
  return manager;
}

/** X-Forwarded-Client-Cert of a sidecar's inbound side: the peer's identity is appended by default. */
export function translateInboundClientCert(headers: ProxyHeaders): Partial<HttpConnectionManager> {
  const details = headers.setCurrentClientCertDetails ?? {};
  return {
    forwardClientCertDetails: forwardClientCert(headers.forwardedClientCert) ?? ForwardClientCert.APPEND_FORWARD,
    setCurrentClientCertDetails: {
      subject: details.subject ?? true,
      uri: details.uri ?? true,
      dns: details.dns ?? true,
      cert: details.cert ?? false,
      chain: details.chain ?? false,
    },
  };
}
