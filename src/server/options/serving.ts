/** Options about what is listened on, and what a peer may ask for. */
import { defaultXdsLimits } from '../../xds/limits.js';
import { defaultTransportLimits } from '../../xds/transport/limits.js';
import { XDS_PLAINTEXT } from '../plaintext-xds.js';
import { setting, toggle } from './setting.js';
import { type Address, connectionAge, keepaliveInterval, oneOf, parseAddress, parseLimit } from './values.js';

export const SERVING_SETTINGS = {
  xdsAddress: setting<Address | undefined>({
    flag: 'xds-address',
    argument: '<host:port>',
    help: 'plaintext xDS, which never carries a secret, or off',
    default: { host: '127.0.0.1', port: 15010 },
    parse: parseAddress,
  }),
  xdsPlaintext: setting<(typeof XDS_PLAINTEXT)[number]>({
    flag: 'xds-plaintext',
    argument: '<where>',
    help: 'how far plaintext xDS may reach: loopback, or anywhere, for clients that cannot do TLS',
    default: 'loopback',
    parse: oneOf(...XDS_PLAINTEXT),
  }),
  xdsTlsAddress: setting<Address | undefined>({
    flag: 'xds-tls-address',
    argument: '<host:port>',
    help: 'xDS over TLS for proxies that prove who they are, or off',
    default: { host: '0.0.0.0', port: 15012 },
    parse: parseAddress,
  }),
  httpAddress: setting<Address | undefined>({
    flag: 'http-address',
    argument: '<host:port>',
    help: '/ready, /metrics and /debug, or off',
    default: { host: '127.0.0.1', port: 15014 },
    parse: parseAddress,
  }),
  unsafeAdminEndpoints: toggle({
    flag: 'unsafe-admin-endpoints',
    help: 'serve pages of /debug that change something: force_disconnect',
  }),
  maxStreams: setting<number>({
    flag: 'max-streams',
    argument: '<n>',
    help: 'xDS streams at a time, of all proxies',
    default: defaultXdsLimits.maxStreams,
    parse: parseLimit,
  }),
  maxStreamsPerIdentity: setting<number>({
    flag: 'max-streams-per-identity',
    argument: '<n>',
    help: 'xDS streams at a time of one proven identity, which the replicas of a workload share',
    default: defaultXdsLimits.maxStreamsPerIdentity,
    parse: parseLimit,
  }),
  maxStreamsPerAddress: setting<number>({
    flag: 'max-streams-per-address',
    argument: '<n>',
    help: 'xDS streams, and connections, at a time from one address',
    default: defaultXdsLimits.maxStreamsPerAddress,
    parse: parseLimit,
  }),
  maxRequestsPerSecond: setting<number>({
    flag: 'max-requests-per-second',
    argument: '<n>',
    help: 'requests a second on one xDS stream, after four times as many at once',
    default: defaultTransportLimits.requestsPerSecond,
    parse: parseLimit,
  }),
  maxConnectionAge: setting<number | undefined>({
    flag: 'max-connection-age',
    argument: '<duration>',
    help: 'age, give or take a tenth, at which proxies are asked to connect again, so that they spread over replicas and prove anew who they are; or off',
    default: 1_800_000,
    parse: (text) => (text === 'off' ? undefined : connectionAge(text)),
  }),
  keepaliveInterval: setting<number>({
    flag: 'keepalive-interval',
    argument: '<duration>',
    help: 'time between pings on xDS connections; one that does not answer within 10s is closed',
    default: defaultTransportLimits.keepaliveMs,
    parse: keepaliveInterval,
  }),
} as const;
