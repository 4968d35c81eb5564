/**
 * Listener filters. Outbound listeners sniff as a whole; inbound ones per port: an inspector waits for bytes from the client, which
 * would hang protocols whose server speaks first, so it is switched off on ports that do not need it. Envoy-shapes §1.3, SD-015.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/listener_filters
 */
import type { ListenerFilter, ListenerFilterChainMatchPredicate } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { HttpInspector } from '@envoyproxy/xds-protos/envoy/extensions/filters/listener/http_inspector/v3/http_inspector.js';
import { OriginalDst } from '@envoyproxy/xds-protos/envoy/extensions/filters/listener/original_dst/v3/original_dst.js';
import { OriginalSrc } from '@envoyproxy/xds-protos/envoy/extensions/filters/listener/original_src/v3/original_src.js';
import { TlsInspector } from '@envoyproxy/xds-protos/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.js';
import { type Partial, toAny } from '../proto.js';

type Filter = Partial<ListenerFilter>;

/** Reads the SNI and ALPN of a ClientHello. Most fit into 512 bytes; the buffer grows when one does not. */
export const TLS_INSPECTOR: Filter = {
  name: 'envoy.filters.listener.tls_inspector',
  configType: { $case: 'typedConfig', value: toAny(TlsInspector, { initialReadBufferSize: 512 }) },
};
export const HTTP_INSPECTOR: Filter = {
  name: 'envoy.filters.listener.http_inspector',
  configType: { $case: 'typedConfig', value: toAny(HttpInspector, {}) },
};
export const ORIGINAL_DST: Filter = {
  name: 'envoy.filters.listener.original_dst',
  configType: { $case: 'typedConfig', value: toAny(OriginalDst, {}) },
};
/** TPROXY keeps the client's address on the upstream connection; packets carry the mark that iptables lets through. SC-013. */
export const ORIGINAL_SRC: Filter = {
  name: 'envoy.filters.listener.original_src',
  configType: { $case: 'typedConfig', value: toAny(OriginalSrc, { mark: 1337 }) },
};

/** What one filter chain needs to be told apart. */
export interface SniffNeeds {
  /** 0 for chains of all other ports. */
  readonly port: number;
  readonly tls: boolean;
  readonly http: boolean;
}

/** The inspectors of an inbound listener, each limited to the ports with a chain that needs it. */
export function inspectors(chains: readonly SniffNeeds[]): Filter[] {
  const tls = new Map<number, boolean>();
  const http = new Map<number, boolean>();
  for (const { port, ...needs } of chains) {
    tls.set(port, needs.tls || tls.get(port) === true);
    http.set(port, needs.http || http.get(port) === true);
  }
  const filters: Filter[] = [];
  // After the TLS inspector: what it recognised as TLS the HTTP inspector leaves alone.
  if ([...tls.values()].includes(true)) filters.push(limited(TLS_INSPECTOR, tls));
  if ([...http.values()].includes(true)) filters.push(limited(HTTP_INSPECTOR, http));
  return filters;
}

/**
 * TLS: ports with chains of their own opt out when the catch-all chains (port 0) need the inspector, and opt in when those do not.
 * HTTP: ports always opt out, as the reference does, so undeclared ports are sniffed as soon as one port is.
 */
function limited(filter: Filter, needs: ReadonlyMap<number, boolean>): Filter {
  const byDefault = filter === HTTP_INSPECTOR || needs.get(0) === true;
  const exceptions = [...needs]
    .filter(([port, needed]) => needed !== byDefault && (port !== 0 || filter === HTTP_INSPECTOR))
    .map(([port]) => port)
    .sort((a, b) => a - b);
  if (exceptions.length === 0) return filter;
  const there = onPorts(exceptions);
  return { ...filter, filterDisabled: byDefault ? there : { rule: { $case: 'notMatch', value: there } } };
}

function onPorts(ports: readonly number[]): Partial<ListenerFilterChainMatchPredicate> {
  const rules = ports.map((port) => ({ rule: { $case: 'destinationPortRange' as const, value: { start: port, end: port + 1 } } }));
  const [only] = rules;
  return rules.length === 1 && only !== undefined ? only : { rule: { $case: 'orMatch', value: { rules } } };
}
