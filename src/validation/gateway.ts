/** Istio's Gateway. https://istio.io/latest/docs/reference/config/networking/gateway/ */
import type { Gateway, Server } from '../api/istio.js';
import { each, type Findings } from './findings.js';
import { address, isLabel, namespacedHost, port, unixSocket } from './names.js';
import { validateServerTls } from './server-tls.js';
import { isHttp, isProtocol, isTls } from './values.js';

const SOCKET = 'unix://';

export function validateGateway(row: Gateway, findings: Findings): void {
  if (!isLabel(row.metadata.name)) findings.error(`the name '${row.metadata.name}' must be a DNS label, without dots`);
  if ((row.spec.servers ?? []).length === 0) findings.at('servers').error('must have at least one server');
  const names = new Set<string>();
  each(row.spec.servers, findings.at('servers'), (server, at) => {
    validateServer(server, at);
    const name = server.port.name ?? '';
    if (names.has(name)) at.at('port', 'name').error(`'${name}' is there twice`);
    names.add(name);
    if (!isHttp(server.port.protocol ?? '') && server.tls?.httpsRedirect === true)
      at.at('tls', 'httpsRedirect').warn('only has an effect on HTTP servers');
  });
}

function validateServer(server: Server, findings: Findings): void {
  if (server.hosts.length === 0) findings.at('hosts').error('must have at least one host');
  each(server.hosts, findings.at('hosts'), (host, at) => {
    for (const message of namespacedHost(host, 'gateway')) at.error(message);
  });
  const good = validatePort(server, findings);
  validateServerTls(server.tls, findings.at('tls'));
  if (good) validateTlsUse(server, findings.at('tls'));
}

function validatePort(server: Server, findings: Findings): boolean {
  const { number, name, protocol } = server.port;
  const bind = server.bind ?? '';
  const before = findings.problems.length;
  const at = findings.at('port');
  if (!isProtocol(protocol))
    at.at('protocol').error(`'${protocol}' is no protocol of a gateway (HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, TCP, TLS)`);
  if (number > 0 || !bind.startsWith(SOCKET)) at.at('number').check(port(number));
  if ((server.port.targetPort ?? 0) > 0) at.at('targetPort').error('has no effect at a gateway');
  if (name === '') at.at('name').error('must be set');
  const good = findings.problems.length === before;
  if (bind.startsWith(SOCKET)) {
    findings.at('bind').check(unixSocket(bind.slice(SOCKET.length)));
    if (number !== 0) at.at('number').error('must be 0 for a Unix socket');
  } else if (bind !== '') findings.at('bind').check(address(bind));
  return good;
}

/** TLS settings belong to TLS ports; an HTTP port may only redirect. */
function validateTlsUse(server: Server, findings: Findings): void {
  const { tls } = server;
  const protocol = server.port.protocol ?? '';
  if (isTls(protocol)) {
    if (tls === undefined) findings.error(`is required for protocol ${protocol}`);
  } else if (tls !== undefined && isHttp(protocol)) {
    const passes = ['PASSTHROUGH', 'AUTO_PASSTHROUGH'].includes(tls.mode ?? 'PASSTHROUGH');
    const files = (tls.caCertificates ?? '') + (tls.privateKey ?? '') + (tls.serverCertificate ?? '');
    if (!passes || files !== '') findings.error('must not be set for a plain-text HTTP port (but for httpsRedirect)');
  } else if (tls !== undefined) findings.error(`must not be set for protocol ${protocol}`);
}
