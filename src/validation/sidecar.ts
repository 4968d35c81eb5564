/** Sidecar. https://istio.io/latest/docs/reference/config/networking/sidecar/ */
import { isIPv6 } from 'node:net';
import type { IstioEgressListener, IstioIngressListener, Sidecar, SidecarSpec } from '../api/istio.js';
import { validateConnectionPool } from './destination-rule/connection-pool.js';
import { each, type Findings } from './findings.js';
import { address, fqdn, label, namespacedHost, port, unixSocket } from './names.js';
import { validateWorkloadSelector } from './selector.js';
import { validateServerTls } from './server-tls.js';
import { isHttp, isTls, protocol } from './values.js';
import { validateDestination } from './virtual-service/destination.js';

const SOCKET = 'unix://';
const LOCAL = ['', '127.0.0.1', '0.0.0.0', '::1', '::'];

export function validateSidecar(row: Sidecar, findings: Findings): void {
  const spec = row.spec;
  validateWorkloadSelector(spec.workloadSelector, findings.at('workloadSelector'));
  const empty = (spec.egress ?? []).length === 0 && (spec.ingress ?? []).length === 0;
  if (empty && spec.outboundTrafficPolicy === undefined && spec.inboundConnectionPool === undefined)
    return findings.error('is empty: set egress, ingress, outboundTrafficPolicy or inboundConnectionPool');
  const ports = new Set<number>();
  each(spec.ingress, findings.at('ingress'), (listener, at) => {
    const number = listener.port.number ?? 0;
    if (ports.has(number)) at.at('port', 'number').error(`${number} is there twice`);
    ports.add(number);
    validateIngress(listener, at);
  });
  validateConnectionPool(spec.inboundConnectionPool, findings.at('inboundConnectionPool'));
  validateEgress(spec, findings.at('egress'));
  validateOutbound(spec.outboundTrafficPolicy, findings.at('outboundTrafficPolicy'));
}

function validateIngress(listener: IstioIngressListener, findings: Findings): void {
  const at = findings.at('port');
  if ((listener.port.targetPort ?? 0) > 0) at.at('targetPort').error('has no effect at a sidecar');
  if ((listener.port.name ?? '') !== '') at.at('name').check(label(listener.port.name!, 'port name'));
  at.at('protocol').check(protocol(listener.port.protocol));
  at.at('number').check(port(listener.port.number ?? 0));
  if ((listener.bind ?? '') !== '') findings.at('bind').check(address(listener.bind!));
  if ((listener.defaultEndpoint ?? '') !== '') findings.at('defaultEndpoint').check(localEndpoint(listener.defaultEndpoint!));
  validateIngressTls(listener, findings.at('tls'));
  validateConnectionPool(listener.connectionPool, findings.at('connectionPool'));
  if (listener.connectionPool?.http !== undefined && !isHttp(listener.port.protocol ?? ''))
    findings.at('connectionPool', 'http').warn(`has no effect on protocol ${listener.port.protocol}`);
}

/** `127.0.0.1:80`, `[::1]:80`, `:80` or a Unix socket. */
function localEndpoint(text: string): string | undefined {
  if (text.startsWith(SOCKET)) return unixSocket(text.slice(SOCKET.length));
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const bad = host === undefined || !LOCAL.includes(host) || (parts![1] !== undefined && !isIPv6(host));
  if (bad) return `'${text}' must be of the form 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT, :PORT or unix:///path`;
  return /^[+-]?\d+$/.test(parts![3]!) ? port(Number(parts![3])) : `'${parts![3]}' is no port number`;
}

function validateIngressTls(listener: IstioIngressListener, findings: Findings): void {
  const tls = listener.tls;
  if (tls === undefined) return;
  for (const field of ['subjectAltNames', 'credentialName', 'credentialNames', 'tlsCertificates'] as const)
    if ((tls[field] ?? '').length > 0) findings.at(field).error('is not supported at a sidecar');
  if (tls.httpsRedirect === true) findings.at('httpsRedirect').error('is not supported at a sidecar');
  if (tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH') findings.at('mode').error(`${tls.mode} is not supported at a sidecar`);
  if (!isTls(listener.port.protocol ?? '')) findings.error(`must not be set for protocol ${listener.port.protocol}`);
  validateServerTls(tls, findings);
}

function validateEgress(spec: SidecarSpec, findings: Findings): void {
  const ports = new Set<number>();
  const sockets = new Set<string>();
  const listeners = spec.egress ?? [];
  each(listeners, findings, (listener, at, index) => {
    if (listener.port === undefined) {
      if (index !== listeners.length - 1) at.error('a listener without a port must be the last one, and the only one');
    } else validateEgressPort(listener, ports, sockets, at);
    if (listener.hosts.length === 0) at.at('hosts').error('must have at least one host');
    warnRepeatedHosts(listener.hosts, at.at('hosts'));
    each(listener.hosts, at.at('hosts'), (host, here) => {
      for (const message of namespacedHost(host, 'sidecar')) here.error(message);
    });
  });
}

function validateEgressPort(listener: IstioEgressListener, ports: Set<number>, sockets: Set<string>, findings: Findings): void {
  const { number = 0, name = '', targetPort = 0 } = listener.port!;
  const at = findings.at('port');
  const bind = listener.bind ?? '';
  if (targetPort > 0) at.at('targetPort').error('has no effect at a sidecar');
  if (name !== '') at.at('name').check(label(name, 'port name'));
  at.at('protocol').check(protocol(listener.port!.protocol));
  if (number !== 0) {
    at.at('number').check(port(number));
    if (bind !== '') findings.at('bind').check(address(bind));
    if (ports.has(number)) at.at('number').error(`${number} is there twice`);
    ports.add(number);
    return;
  }
  findings.at('bind').check(bind.startsWith(SOCKET) ? unixSocket(bind.slice(SOCKET.length)) : 'must be a Unix socket (unix://…) when the port is 0');
  if (!['DEFAULT', 'NONE'].includes(listener.captureMode ?? 'DEFAULT')) findings.at('captureMode').error('must be DEFAULT or NONE for a Unix socket');
  if (sockets.has(bind)) findings.at('bind').error(`'${bind}' is there twice`);
  sockets.add(bind);
}

function warnRepeatedHosts(hosts: readonly string[], findings: Findings): void {
  const seen = new Map<string, Set<string>>();
  for (const [index, entry] of hosts.entries()) {
    const slash = entry.indexOf('/');
    if (slash < 0 || entry.startsWith('~')) continue;
    const namespace = entry.slice(0, slash) === '.' ? findings.resource.namespace : entry.slice(0, slash);
    const host = entry.slice(slash + 1);
    const known = seen.get(namespace) ?? new Set();
    seen.set(namespace, known);
    if (host === '*' ? known.size > 0 : known.has(host) || known.has('*')) findings.at(index).warn(`'${entry}' is covered twice`);
    known.add(host);
  }
  if (seen.get('*')?.has('*') === true && seen.size !== 1) findings.warn("'*/*' selects everything; no other hosts are needed");
}

function validateOutbound(policy: SidecarSpec['outboundTrafficPolicy'], findings: Findings): void {
  const proxy = policy?.egressProxy;
  if (proxy === undefined) return;
  // REGISTRY_ONLY is the zero value of the enum, so an absent mode counts as it.
  if (policy!.mode !== 'ALLOW_ANY') return findings.at('egressProxy').error('needs mode ALLOW_ANY');
  findings.at('egressProxy', 'host').check(fqdn(proxy.host ?? ''));
  if (proxy.port === undefined) findings.at('egressProxy', 'port').error('is required');
  else validateDestination(proxy, findings.at('egressProxy'));
}
