import { describe, expect, test } from '@jest/globals';
import type { Protocol } from '../../model/protocol.js';
import type { Service } from '../../model/service.js';
import { MATCH_ALL } from './filter-chain-match.js';
import { translateOutboundListener } from './outbound.js';
import { type ChainPlan, planListener } from './outbound-plan.js';
import type { Offer, Slot } from './outbound-slots.js';
import { toCluster } from './tcp-proxy.js';

const offer = (name: string, protocol: Protocol): Offer => ({
  service: { hostname: name, ports: [] } as unknown as Service,
  port: { name: 'p', port: 7000, protocol },
  destinations: [],
  egress: 0,
});
const slot = (bind: string, ...offers: Offer[]): Slot => ({
  name: `${bind}_7000`,
  binds: [bind],
  port: 7000,
  bindsToPort: false,
  headless: false,
  offers,
});
const tcp = (given: Offer): ChainPlan[] => [
  { match: MATCH_ALL, to: { kind: 'tcp', proxy: toCluster(given.service.hostname), protocol: given.port.protocol } },
];
const plan = (bind: string, ...offers: Offer[]) =>
  planListener(slot(bind, ...offers), {
    ipMode: 'ipv4',
    wildcard: '0.0.0.0',
    otherwise: toCluster('PassthroughCluster'),
    tcpChains: tcp,
    routesOfPort: String,
  });
const chains = (...args: Parameters<typeof plan>) =>
  plan(...args).chains.map(({ to }) => (to.kind === 'http' ? `http ${to.routes}` : `tcp ${JSON.stringify(to.proxy.to)}`));

describe('plan of an outbound listener', () => {
  test('declared HTTP on the wildcard sniffs, so that other traffic on its port still passes', () => {
    expect(plan('0.0.0.0', offer('a', 'HTTP')).chains).toMatchObject([
      { match: { applicationProtocols: ['http/1.1', 'h2c'], transportProtocol: 'raw_buffer' }, to: { routes: '7000' } },
    ]);
  });
  test('HTTP on an address of its own takes everything', () => {
    expect(plan('127.0.0.5', offer('a', 'HTTP')).chains[0]?.match).toEqual(MATCH_ALL);
  });
  test('SD-014: a detected port has routes of its own on a VIP, the port’s on the wildcard', () => {
    expect(chains('10.0.0.1', offer('a', 'Unsupported'))).toEqual(['tcp "a"', 'http a:7000']);
    expect(chains('0.0.0.0', offer('a', 'Unsupported'))).toEqual(['tcp "a"', 'http 7000']);
  });
  test('SD-067: HTTP and TCP on one address become a sniffing listener, in either order', () => {
    expect(chains('0.0.0.0', offer('t', 'TCP'), offer('h', 'HTTP'))).toEqual(['tcp "t"', 'http 7000']);
    expect(chains('0.0.0.0', offer('h', 'HTTP'), offer('t', 'TCP'))).toEqual(['http 7000', 'tcp "t"']);
  });
  test('SD-067: of two equal TCP chains the first wins', () => {
    expect(chains('0.0.0.0', offer('first', 'TCP'), offer('second', 'TCP'))).toEqual(['tcp "first"']);
  });
  test('SD-067: of a second detected port on the wildcard only byte streams to addresses of its own count', () => {
    expect(chains('0.0.0.0', offer('h', 'HTTP'), offer('a', 'Unsupported'))).toEqual(['http 7000']);
    expect(chains('0.0.0.0', offer('a', 'Unsupported'), offer('b', 'Unsupported'))).toEqual(['tcp "a"', 'http 7000']);
    const addressed = { ...MATCH_ALL, destinations: ['10.0.0.0/8'] };
    const tcpChains = (given: Offer): ChainPlan[] => tcp(given).map((chain) => ({ ...chain, match: addressed }));
    const context = { ipMode: 'ipv4', wildcard: '0.0.0.0', otherwise: toCluster('PassthroughCluster'), tcpChains, routesOfPort: String } as const;
    expect(planListener(slot('0.0.0.0', offer('h', 'HTTP'), offer('a', 'Unsupported')), context).chains).toHaveLength(2);
  });
  test('SD-067: Mongo and MySQL share with nobody', () => {
    expect(chains('0.0.0.0', offer('mongo', 'Mongo'), offer('h', 'HTTP'))).toEqual(['tcp "mongo"']);
    expect(chains('0.0.0.0', offer('h', 'HTTP'), offer('db', 'MySQL'))).toEqual(['http 7000']);
  });
  test('an explicit HTTP listener gives way to a detected port', () => {
    expect(chains('127.0.0.5', offer('h', 'HTTP'), offer('d', 'Unsupported'))).toEqual(['tcp "d"', 'http d:7000']);
  });
});

describe('outbound listener', () => {
  const accessLogs = { sinks: [], onListener: true };
  const http = { accessLogs, idleTimeout: '', http10: false, pathNormalization: 'BASE' as const, proxyHeaders: {}, certificates: 'agent' as const };
  const listener = (...args: Parameters<typeof plan>) =>
    translateOutboundListener(plan(...args), { protocolDetectionTimeout: '2s', tcp: { accessLogs, idleTimeout: '' }, http });

  test('a chain for everything is the default one as soon as there are others', () => {
    const made = listener('10.0.0.1', offer('a', 'Unsupported'));
    expect(made.filterChains).toHaveLength(1);
    expect(made.defaultFilterChain?.name).toBeUndefined();
  });
  test('SC-009: without such a chain the default passes on or drops', () => {
    expect(listener('0.0.0.0', offer('a', 'HTTP')).defaultFilterChain?.name).toBe('PassthroughFilterChain');
  });
  test('alone it stays an ordinary chain', () => {
    const made = listener('10.0.0.1', offer('a', 'TCP'));
    expect(made.filterChains).toHaveLength(1);
    expect(made.defaultFilterChain).toBeUndefined();
  });
  test('SD-016: only sniffing listeners time out, and go on', () => {
    expect(listener('10.0.0.1', offer('a', 'Unsupported'))).toMatchObject({
      listenerFiltersTimeout: { seconds: 2n },
      continueOnListenerFiltersTimeout: true,
    });
    expect(listener('10.0.0.1', offer('a', 'TCP'))).toMatchObject({ listenerFiltersTimeout: { seconds: 0n } });
  });
});
