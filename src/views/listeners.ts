/**
 * Listeners of one proxy: shared chunks of its outbound scope, and the chunk of its inbound scope.
 */
import type { Mesh } from '../model/mesh.js';
import type { EncodedResource } from './encode.js';
import { defineGatewayListenerViews } from './gateway-listeners.js';
import { defineInboundListenerViews } from './inbound-listeners.js';
import { defineListenerSettings } from './listener-settings.js';
import { defineOutboundListenerViews, type RoutesOfPort } from './outbound-listeners.js';
import { defineSecurityFilterViews } from './security-filters.js';

export interface ListenerViews {
  /** Lists of shared resources; equal chunks are one array. */
  chunks(proxyKey: string): readonly (readonly EncodedResource[])[];
}

export function defineListenerViews(mesh: Mesh, routesOfPort?: RoutesOfPort): ListenerViews {
  const settings = defineListenerSettings(mesh);
  const outbound = defineOutboundListenerViews(mesh, routesOfPort);
  const security = defineSecurityFilterViews(mesh);
  const inbound = defineInboundListenerViews(mesh, security);
  const gateways = defineGatewayListenerViews(mesh, security);
  return {
    chunks(proxyKey) {
      const scope = mesh.proxies.outboundScope(proxyKey);
      if (scope.type === 'router') return [gateways.chunk(scope, settings.get(proxyKey))];
      if (scope.type !== 'sidecar') return [];
      const self = mesh.proxies.get(proxyKey)?.ipAddresses[0] ?? '';
      const own = settings.get(proxyKey);
      return [...outbound.chunks(scope, own, self), inbound.chunk(mesh.proxies.inboundScope(proxyKey), settings.inbound(proxyKey))];
    },
  };
}
