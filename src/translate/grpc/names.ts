/**
 * Names that gRPC clients and servers ask listeners by (XD-025): `host:port` of an `xds:///` target, and the bootstrap's template for servers.
 * https://github.com/grpc/proposal/blob/master/A27-xds-global-load-balancing.md, A36-xds-for-servers.md
 */

/** Before the address that a gRPC server listens on; istio-agent writes this template into bootstraps. */
const INBOUND = 'xds.istio.io/grpc/lds/inbound/';

/** What a listener is asked for: a service by host, or the server's own port. */
export type ListenerTarget =
  | { readonly kind: 'inbound'; readonly address: string; readonly port: number }
  /** `port` undefined: the target names none. */
  | { readonly kind: 'outbound'; readonly host: string; readonly port: number | undefined };

/** Parses a listener name; undefined for what cannot be one. */
export function parseListenerName(name: string): ListenerTarget | undefined {
  const isInbound = name.startsWith(INBOUND);
  const { host, port } = splitPort(isInbound ? name.slice(INBOUND.length) : name);
  if (host === '') return undefined;
  if (!isInbound) return { kind: 'outbound', host, port };
  return port === undefined ? undefined : { kind: 'inbound', address: host, port };
}

/** Brackets of an IPv6 address come off. */
function splitPort(text: string): { host: string; port: number | undefined } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) return { host: text.includes(':') ? '' : text, port: undefined };
  const port = parts[3] === undefined ? undefined : Number(parts[3]);
  return { host: parts[1] ?? parts[2] ?? '', port };
}

/** Full names that a host may stand for, likeliest first: as a resolver in the client's namespace would search. */
export function hostCandidates(host: string, dnsDomain: string, domain: string): readonly string[] {
  const labels = host.split('.');
  if (labels.length === 1) return [host, `${host}.${dnsDomain}`];
  if (labels.length === 2) return [host, `${host}.svc.${domain}`];
  return labels.length === 3 && labels[2] === 'svc' ? [host, `${host}.${domain}`] : [host];
}

/** Domains with and without the port: gRPC compares the target as it was written, and ignores no ports. */
export const domainsWithPort = (domains: readonly string[], port: number): string[] => domains.flatMap((domain) => [domain, `${domain}:${port}`]);
