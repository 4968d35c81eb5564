/**
 * What a gateway's HTTP connection manager has that a sidecar's has not: the edge of the mesh decides whom to believe (GW-029, GW-030, GW-035).
 * https://istio.io/latest/docs/ops/configuration/traffic-management/network-topologies/
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import {
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  type HttpConnectionManager,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { GatewayTopology } from '../../api/mesh-config.js';
import type { Protocol } from '../../model/protocol.js';
import type { HttpSecurity } from '../http-filter/security.js';
import { httpConnectionManager } from '../listener/hcm.js';
import { forwardClientCert } from '../listener/proxy-headers.js';
import type { HttpSettings } from '../listener/settings.js';
import type { Partial } from '../proto.js';

export interface GatewayHttp {
  /** Name of the listener, for statistics. */
  readonly listener: string;
  readonly routeName: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** `servers[].name`, '' when unset: the statistics' own name. */
  readonly statPrefix: string;
  readonly topology: GatewayTopology;
  readonly security: HttpSecurity;
  /** Over QUIC. */
  readonly http3: boolean;
}

export function gatewayConnectionManager(
  { listener, routeName, port, protocol, statPrefix, topology, security, http3 }: GatewayHttp,
  settings: HttpSettings,
): Partial<Filter> {
  const extra: Partial<HttpConnectionManager> = {
    useRemoteAddress: true,
    ...(topology.numTrustedProxies ? { xffNumTrustedHops: topology.numTrustedProxies } : {}),
    ...clientCertificate(topology),
    ...(settings.http10 || settings.proxyHeaders.preserveHttp1HeaderCase === true ? {} : { httpProtocolOptions: {} }),
    ...(statPrefix === '' ? {} : { statPrefix }),
    ...(http3 ? { codecType: CodecType.HTTP3, http3ProtocolOptions: {} } : {}),
  };
  return httpConnectionManager({ side: 'gateway', statPrefix: `outbound_${listener}`, routes: routeName, protocol, port, security, extra }, settings);
}

/** X-Forwarded-Client-Cert: by default what a client claims is dropped and its own certificate described. */
function clientCertificate({ forwardClientCertDetails }: GatewayTopology): Partial<HttpConnectionManager> {
  const details = forwardClientCert(forwardClientCertDetails) ?? ForwardClientCert.SANITIZE_SET;
  const describes = details === ForwardClientCert.SANITIZE_SET || details === ForwardClientCert.APPEND_FORWARD;
  return {
    forwardClientCertDetails: details,
    ...(describes ? { setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true } } : {}),
  };
}
