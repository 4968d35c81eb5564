/**
 * Port protocols: how Istio reads them from a port's name or appProtocol (SD-012, SD-013, SD-015).
 * https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
 */

/** 'Unsupported' means undeclared: the protocol is detected on the wire. */
export type Protocol =
  | 'HTTP'
  | 'HTTP2'
  | 'GRPC'
  | 'GRPC-Web'
  | 'HTTP_PROXY'
  | 'HTTPS'
  | 'TLS'
  | 'TCP'
  | 'Mongo'
  | 'Redis'
  | 'MySQL'
  | 'UDP'
  | 'Unsupported';

const NAMED: Readonly<Record<string, Protocol>> = {
  http: 'HTTP',
  http2: 'HTTP2',
  grpc: 'GRPC',
  'grpc-web': 'GRPC-Web',
  http_proxy: 'HTTP_PROXY',
  https: 'HTTPS',
  tls: 'TLS',
  tcp: 'TCP',
  mongo: 'Mongo',
  redis: 'Redis',
  mysql: 'MySQL',
  udp: 'UDP',
};

/** Ports whose server speaks first: sniffing would hang, so an undeclared protocol there is TCP. */
const SERVER_FIRST_PORTS = new Set([25, 53, 3306, 27017]);

/** Reads a protocol word, as ServiceEntry, Gateway and Sidecar ports write it, in any case. */
export const parseProtocol = (text: string | undefined): Protocol =>
  text === undefined ? 'Unsupported' : (NAMED[text.toLowerCase()] ?? 'Unsupported');

/** The protocol of a Kubernetes Service port. */
export function kubernetesProtocol(port: {
  readonly port: number;
  readonly name?: string;
  readonly protocol?: string;
  readonly appProtocol?: string;
}): Protocol {
  if (port.protocol === 'UDP') return 'UDP';
  if (port.protocol === 'SCTP') return 'Unsupported';
  const declared = port.appProtocol === undefined ? protocolOfName(port.name ?? '') : protocolOfAppProtocol(port.appProtocol);
  return declared === 'Unsupported' && SERVER_FIRST_PORTS.has(port.port) ? 'TCP' : declared;
}

function protocolOfAppProtocol(appProtocol: string): Protocol {
  switch (appProtocol.toLowerCase()) {
    case 'kubernetes.io/h2c':
      return 'HTTP2';
    case 'kubernetes.io/ws':
      return 'HTTP';
    case 'kubernetes.io/wss':
      return 'HTTPS';
    default:
      return protocolOfName(appProtocol);
  }
}

function protocolOfName(name: string): Protocol {
  const text = name.toLowerCase();
  if (text.startsWith('grpc-web')) return 'GRPC-Web';
  const dash = text.indexOf('-');
  return parseProtocol(dash < 0 ? text : text.slice(0, dash));
}

/** HTTP in clear text: gets routes. */
export const isHttp = (protocol: Protocol): boolean =>
  protocol === 'HTTP' || protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'GRPC-Web' || protocol === 'HTTP_PROXY';
/** HTTP/2 without upgrade: clusters get explicit HTTP/2. */
export const isHttp2 = (protocol: Protocol): boolean => protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'GRPC-Web';
/** TLS that the proxy does not terminate. */
export const isTls = (protocol: Protocol): boolean => protocol === 'HTTPS' || protocol === 'TLS';
/** Byte streams without TLS that the proxy knows about. */
export const isTcp = (protocol: Protocol): boolean =>
  protocol === 'TCP' || protocol === 'Mongo' || protocol === 'Redis' || protocol === 'MySQL' || isTls(protocol);
/** Undeclared: decided on the wire. */
export const isDetected = (protocol: Protocol): boolean => protocol === 'Unsupported';
