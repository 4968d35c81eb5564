/**
 * What a EnvoyFilter may hold: fields, types, limits and rules of its CRD. https://istio.io/latest/docs/reference/config/
 */
import { port, waypointMatch } from './checks.js';
import { phase, targetRefs, workloadSelector } from './istio-shared.js';
import { any, int, intWith, list, map, obj, oneOf, str, uint32 } from './shape.js';

const filter = obj({ name: str, subFilter: obj({ name: str }) });

/** `spec` of EnvoyFilter. */
export const envoyFilterShape = obj(
  {
    configPatches: list(
      obj({
        applyTo: oneOf([
          'INVALID',
          'LISTENER',
          'FILTER_CHAIN',
          'NETWORK_FILTER',
          'HTTP_FILTER',
          'ROUTE_CONFIGURATION',
          'VIRTUAL_HOST',
          'HTTP_ROUTE',
          'CLUSTER',
          'EXTENSION_CONFIG',
          'BOOTSTRAP',
          'LISTENER_FILTER',
        ]),
        match: obj(
          {
            cluster: obj({ name: str, portNumber: uint32, service: str, subset: str }),
            context: oneOf(['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT']),
            listener: obj({
              filterChain: obj({
                applicationProtocols: str,
                destinationPort: uint32,
                filter: filter,
                name: str,
                sni: str,
                transportProtocol: str,
                transportSocket: str,
              }),
              listenerFilter: str,
              name: str,
              portName: str,
              portNumber: uint32,
            }),
            proxy: obj({ metadata: map(str), proxyVersion: str }),
            routeConfiguration: obj({
              gateway: str,
              name: str,
              portName: str,
              portNumber: uint32,
              vhost: obj({ domainName: str, name: str, route: obj({ action: oneOf(['ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE']), name: str }) }),
            }),
            waypoint: obj({ filter: filter, portNumber: intWith({ min: 0, max: 4294967295, checks: [port] }), route: obj({ name: str }) }),
          },
          { atMostOne: [['listener', 'routeConfiguration', 'cluster', 'waypoint']], checks: [waypointMatch] },
        ),
        patch: obj({
          filterClass: phase,
          operation: oneOf([
            'INVALID',
            'MERGE',
            'ADD',
            'REMOVE',
            'INSERT_BEFORE',
            'INSERT_AFTER',
            'INSERT_FIRST',
            'REPLACE',
            'MERGE_AND_REPLACE_LIST',
          ]),
          value: any,
        }),
      }),
    ),
    priority: int,
    targetRefs: targetRefs,
    workloadSelector: workloadSelector,
  },
  { atMostOne: [['workloadSelector', 'targetRefs']] },
);
