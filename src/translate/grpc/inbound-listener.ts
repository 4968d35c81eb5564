/**
 * The listener of a gRPC server that asks for its own address (XD-025). One filter chain: gRPC cannot tell TLS from plain text on one port,
 * so a permissive workload is either. https://github.com/grpc/proposal/blob/master/A36-xds-for-servers.md
 */

import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { FilterChain } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { HttpConnectionManager } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { MutualTlsMode } from '../../model/mesh.js';
import { router } from '../http-filter/router.js';
import { address } from '../listener/address.js';
import { type Partial, toAny } from '../proto.js';
import type { NamedFilter } from '../rbac/filters.js';
import { providerTlsContext, TLS_SOCKET } from './certificates.js';

export interface ServerTarget {
  readonly name: string;
  /** As in the name: the server compares it with what it listens on. */
  readonly address: string;
  readonly port: number;
  readonly mode: MutualTlsMode;
  /** The workload's label says that it has certificates, and clients of the mesh act on that label. */
  readonly announcesTls: boolean;
  /** In front of the calls. */
  readonly authorization: readonly NamedFilter[];
}

/** Listener filters and use_original_dst must stay unset, or the server refuses. */
export function serverListener(target: ServerTarget): Partial<Listener> {
  const secured = target.mode === 'STRICT' || (target.mode === 'PERMISSIVE' && target.announcesTls);
  return {
    name: target.name,
    address: address(target.address, target.port),
    filterChains: [secured ? mutualTlsChain(target.authorization) : chain('inbound-plaintext', target.authorization)],
  };
}

function mutualTlsChain(authorization: readonly NamedFilter[]): Partial<FilterChain> {
  const context = toAny(DownstreamTlsContext, { commonTlsContext: providerTlsContext(), requireClientCertificate: true });
  return { ...chain('inbound-mtls', authorization), transportSocket: { name: TLS_SOCKET, configType: { $case: 'typedConfig', value: context } } };
}

function chain(name: string, authorization: readonly NamedFilter[]): Partial<FilterChain> {
  const manager: Partial<HttpConnectionManager> = {
    httpFilters: [...authorization, router({ side: 'inbound', protocol: 'GRPC', suppressDebugHeaders: false })],
    routeSpecifier: {
      $case: 'routeConfig',
      value: {
        name: 'inbound',
        virtualHosts: [
          {
            domains: ['*'],
            // The server itself handles the call: nothing is forwarded.
            routes: [{ match: { pathSpecifier: { $case: 'prefix', value: '/' } }, action: { $case: 'nonForwardingAction', value: {} } }],
          },
        ],
      },
    },
  };
  return { name, filters: [{ name, configType: { $case: 'typedConfig', value: toAny(HttpConnectionManager, manager) } }] };
}
