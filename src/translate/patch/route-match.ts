/**
 * Which route configuration, virtual host and route a patch is about. Names of route configurations carry ports and gateways (envoy-shapes §7).
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-RouteConfigurationMatch
 */
import type { RouteMessage, VirtualHostMessage } from './messages.js';
import type { Patch, PatchContext } from './patch.js';

/** Port that a gateway listens on → ports of the Gateways' servers behind it. */
export type ServerPorts = ReadonlyMap<number, ReadonlySet<number>>;

export function matchesRouteConfiguration(name: string, context: PatchContext, ports: ServerPorts, patch: Patch): boolean {
  const match = patch.match.routeConfiguration;
  if (match === undefined) return true;
  const { portNumber = 0, portName = '', gateway = '' } = match;
  if ((match.name ?? '') !== '' && match.name !== name) return false;
  if (context !== 'GATEWAY') return portNumber === 0 || portNumber === sidecarPort(name);
  const parsed = parseGatewayName(name);
  if (portName !== '' && portName !== parsed.portName) return false;
  if (gateway !== '' && gateway !== parsed.gateway) return false;
  if (portNumber === 0) return true;
  return ports.get(parsed.port)?.has(portNumber) ?? portNumber === parsed.port;
}

/** `80`, or `inbound|8080||`; 0 for all others. */
function sidecarPort(name: string): number {
  const text = name.startsWith('inbound|') ? (name.split('|')[1] ?? '') : name;
  return /^\d+$/.test(text) ? Number(text) : 0;
}

/** `http.8080`, or `https.443.name.gateway.namespace`. */
function parseGatewayName(name: string): { readonly port: number; readonly portName: string; readonly gateway: string } {
  const [scheme, port = '', portName = '', gateway = '', namespace = '', ...more] = name.split('.');
  const number = /^\d+$/.test(port) ? Number(port) : 0;
  if (scheme === 'http' && portName === '') return { port: number, portName: '', gateway: '' };
  if (scheme === 'https' && namespace !== '' && more.length === 0) return { port: number, portName, gateway: `${namespace}/${gateway}` };
  return { port: 0, portName: '', gateway: '' };
}

export function matchesVirtualHost({ name, domains }: Pick<VirtualHostMessage, 'name' | 'domains'>, patch: Patch): boolean {
  const match = patch.match.routeConfiguration?.vhost;
  if (match === undefined) return true;
  return ((match.name ?? '') === '' || match.name === name) && ((match.domainName ?? '') === '' || domains.includes(match.domainName as string));
}

const ACTIONS: Readonly<Record<string, string | undefined>> = { route: 'ROUTE', redirect: 'REDIRECT', directResponse: 'DIRECT_RESPONSE' };

/** Undefined when the patch is about no certain route. */
export function routeMatcher(patch: Patch): ((route: RouteMessage) => boolean) | undefined {
  const match = patch.match.routeConfiguration?.vhost?.route;
  if (match === undefined) return undefined;
  const { name = '', action = 'ANY' } = match;
  return (route) => {
    if (name !== '' && name !== route.name) return false;
    const own = ACTIONS[route.action.case ?? ''];
    return action === 'ANY' || own === undefined || own === action;
  };
}
