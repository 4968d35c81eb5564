/**
 * The listener of an `xds:///` target: no socket, only an API listener whose routes come over RDS (XD-025).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/api_listener.proto
 */
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import { HttpConnectionManager } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { outboundClusterName } from '../../model/names.js';
import { fault } from '../http-filter/fault.js';
import type { HttpFilterContext } from '../http-filter/index.js';
import { router } from '../http-filter/router.js';
import { address } from '../listener/address.js';
import { type Partial, toAny } from '../proto.js';

export interface OutboundTarget {
  /** As it was asked for: the client knows the listener by no other name. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** The service's address; clients do not look at it, people do. */
  readonly address: string;
}

/** A client refuses a listener with a filter that it does not know: of Envoy's, only these two are in all of them. */
export function apiListener(target: OutboundTarget): Partial<Listener> {
  const context: HttpFilterContext = { side: 'outbound', protocol: 'GRPC', suppressDebugHeaders: false };
  const manager: Partial<HttpConnectionManager> = {
    httpFilters: [fault, router].flatMap((filter) => filter(context) ?? []),
    routeSpecifier: {
      $case: 'rds',
      value: {
        configSource: { configSourceSpecifier: { $case: 'ads', value: {} } },
        routeConfigName: outboundClusterName(target.hostname, target.port),
      },
    },
  };
  return {
    name: target.name,
    address: address(target.address, target.port),
    apiListener: { apiListener: toAny(HttpConnectionManager, manager) },
  };
}
