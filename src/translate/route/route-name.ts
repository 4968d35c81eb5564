/** Names of outbound route configurations: a port, `host:port` behind a sniffed listener, `http_proxy`, or a unix socket. envoy-shapes §7. */

export const HTTP_PROXY_ROUTE = 'http_proxy';

/**
 * Marks route configurations whose virtual hosts come one by one (VHDS). A name of their own: where hosts change from one way to the other under
 * the same name, Envoy answers 404 in between.
 */
const VHDS = '~vhds';

/** The name of a route configuration's other form, without virtual hosts. */
export const vhdsRouteName = (name: string): string => `${name}${VHDS}`;

/** The name without the mark of VHDS; undefined where it has none. */
export const withoutVhds = (name: string): string | undefined => (name.endsWith(VHDS) ? name.slice(0, -VHDS.length) : undefined);

/** A sidecar's route name, parsed. `port` is 0 for http_proxy and sockets; `host` is set where the listener belongs to one service. */
export interface SidecarRouteName {
  readonly name: string;
  readonly port: number;
  readonly host?: string;
}

/** Undefined for names that no listener of ours asks for. */
export function parseSidecarRouteName(name: string): SidecarRouteName | undefined {
  if (name === HTTP_PROXY_ROUTE || name.startsWith('unix://')) return { name, port: 0 };
  const colon = name.lastIndexOf(':');
  const digits = name.slice(colon + 1);
  if (!/^\d{1,5}$/.test(digits)) return undefined;
  return colon < 0 ? { name, port: Number(digits) } : { name, port: Number(digits), host: name.slice(0, colon) };
}
