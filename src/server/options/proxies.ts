/** Options about what is generated for proxies. */
import { setting, toggle } from './setting.js';
import { oneOf, parseCount, parseMs } from './values.js';

export const PROXY_SETTINGS = {
  vhdsThreshold: setting<number | undefined>({
    flag: 'vhds-threshold',
    argument: '<n>',
    help: 'route configurations with more virtual hosts than this are served host by host (VHDS) to sidecars without an agent on delta xDS, from Envoy 1.37 on; or off',
    default: 100,
    parse: parseCount,
  }),
  gatewayClusters: setting<'all' | 'referenced'>({
    flag: 'gateway-clusters',
    argument: '<which>',
    help: 'clusters of gateways: of all services that they see, or only of the referenced ones',
    default: 'all',
    parse: oneOf('all', 'referenced'),
  }),
  persistentSessions: toggle({
    flag: 'persistent-sessions',
    help: 'services labelled istio.io/persistent-session or istio.io/persistent-session-header keep sessions with one endpoint',
  }),
  quicListeners: toggle({
    flag: 'quic-listeners',
    help: 'gateways speak HTTP/3 too, on HTTPS ports for which their Service has a UDP port of the same number',
  }),
  ipv4Outbound: toggle({
    flag: 'ipv4-outbound',
    help: 'sidecars with IPv6 addresses only take what leaves over IPv4 too, and look names up for both families',
  }),
  workloadGracePeriod: setting<number>({
    flag: 'workload-grace-period',
    argument: '<duration>',
    help: 'how long a registered workload outlives its last connection',
    default: 10_000,
    parse: parseMs,
  }),
} as const;
