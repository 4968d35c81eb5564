import { describe, expect, test } from '@jest/globals';
import type { DestinationRuleSpec, VirtualService, VirtualServiceSpec } from '../../api/istio.js';
import type { Protocol } from '../../model/protocol.js';
import type { Service } from '../../model/service.js';
import type { ChainPlan } from './outbound-plan.js';
import { type TcpContext, tcpChains } from './outbound-tcp.js';

const HOST = 'core.bank.svc.cluster.local';
const core = {
  hostname: HOST,
  name: 'core',
  namespace: 'bank',
  registry: 'Kubernetes',
  ports: [{ name: 'tcp', port: 3306, protocol: 'TCP' }],
  resolution: 'EDS',
  aliases: [],
};

const virtualService = (spec: VirtualServiceSpec): VirtualService =>
  ({ kind: 'VirtualService', metadata: { name: 'core', namespace: 'bank' }, spec: { hosts: [HOST], ...spec } }) as unknown as VirtualService;
const to = (host: string, more: { subset?: string; weight?: number } = {}) => ({
  destination: { host, ...(more.subset === undefined ? {} : { subset: more.subset }) },
  ...(more.weight === undefined ? {} : { weight: more.weight }),
});
function chains(
  spec: VirtualServiceSpec | undefined,
  more: Partial<TcpContext> & { protocol?: Protocol; bind?: string; destinations?: string[] } = {},
): readonly ChainPlan[] {
  const { protocol = 'TCP', bind = '10.0.0.1', destinations = [], ...context } = more;
  const offer = { service: core as unknown as Service, port: { name: 'tcp', port: 3306, protocol }, destinations, egress: 0 };
  return tcpChains(offer, bind, {
    namespace: 'bank',
    labels: { app: 'web' },
    wildcard: '0.0.0.0',
    ipMode: 'ipv4',
    outboundStatName: '',
    virtualServices: () => (spec === undefined ? [] : [virtualService(spec)]),
    service: () => undefined,
    rule: () => undefined,
    address: () => bind,
    aliases: () => [],
    ...context,
  });
}
const proxies = (...args: Parameters<typeof chains>) =>
  chains(...args).map((chain) => (chain.to.kind === 'tcp' ? chain.to.proxy.to : chain.to.routes));
const OWN = `outbound|3306||${HOST}`;

describe('TCP routes', () => {
  test('without a VirtualService all goes to the service', () => {
    expect(chains(undefined)).toMatchObject([{ to: { kind: 'tcp', proxy: { to: OWN, statPrefix: OWN } } }]);
  });
  test('VS-038: weighted destinations are named after the VirtualService', () => {
    const tcp = [{ route: [to(HOST, { subset: 'v1', weight: 90 }), to(HOST, { subset: 'v2', weight: 10 }), to(HOST, { subset: 'v3', weight: 0 })] }];
    expect(chains({ tcp })).toMatchObject([
      {
        virtualService: 'bank/core',
        to: {
          proxy: {
            statPrefix: 'core.bank',
            to: [
              { cluster: `outbound|3306|v1|${HOST}`, weight: 90 },
              { cluster: `outbound|3306|v2|${HOST}`, weight: 10 },
            ],
          },
        },
      },
    ]);
  });
  test('VS-038: a match for networks is a chain before the service’s own', () => {
    const tcp = [{ match: [{ destinationSubnets: ['10.50.0.0/16'] }], route: [to(HOST, { subset: 'v2' })] }];
    const made = chains({ tcp });
    expect(made.map(({ match }) => match.destinations)).toEqual([['10.50.0.0/16'], []]);
    expect(made[1]).toMatchObject({ to: { proxy: { to: OWN } } });
  });
  test('VS-038: port, source labels, source namespace and gateways are decided here', () => {
    const routed = (match: object) => proxies({ tcp: [{ match: [match], route: [to('other.bank.svc.cluster.local')] }] })[0] !== OWN;
    expect(routed({ port: 3306 })).toBe(true);
    expect(routed({ port: 1 })).toBe(false);
    expect(routed({ sourceLabels: { app: 'web' } })).toBe(true);
    expect(routed({ sourceLabels: { app: 'job' } })).toBe(false);
    expect(routed({ sourceNamespace: 'shop' })).toBe(false);
    expect(routed({ gateways: ['mesh'] })).toBe(true);
    expect(routed({ gateways: ['bank/gw'] })).toBe(false);
  });
  test('VS-038: nothing follows a route for all', () => {
    expect(proxies({ tcp: [{ route: [to('a.b')] }, { route: [to('c.d')] }] })).toEqual(['outbound|3306||a.b']);
  });
  test('a DestinationRule sets timeouts and hashing of the proxy', () => {
    const rule = {
      trafficPolicy: { connectionPool: { tcp: { idleTimeout: '77s' } }, loadBalancer: { consistentHash: { useSourceIp: true } } },
    } as DestinationRuleSpec;
    expect(chains(undefined, { rule: () => rule })).toMatchObject([{ to: { proxy: { idleTimeout: '77s', hashSourceIp: true } } }]);
  });
});

describe('TLS routes', () => {
  test('VS-036: SNI hosts, once per runtime condition', () => {
    const tls = [
      { match: [{ sniHosts: ['a.example'] }, { sniHosts: ['a.example'] }], route: [to('one.b')] },
      { match: [{ sniHosts: ['*.example'] }], route: [to('two.b')] },
    ];
    expect(chains({ tls }, { protocol: 'TLS' }).map(({ match, to: there }) => [match.serverNames, there.kind === 'tcp' && there.proxy.to])).toEqual([
      [['a.example'], 'outbound|3306||one.b'],
      [['*.example'], 'outbound|3306||two.b'],
    ]);
  });
  test('VS-036: subnets of one match do not leak into the next', () => {
    const tls = [{ match: [{ sniHosts: ['a'], destinationSubnets: ['10.0.0.0/8'] }, { sniHosts: ['b'] }], route: [to('one.b')] }];
    expect(chains({ tls }, { protocol: 'TLS' }).map(({ match }) => match.destinations)).toEqual([['10.0.0.0/8'], []]);
  });
  test('the SNI is looked at where the address does not tell', () => {
    const names = (...args: Parameters<typeof chains>) => chains(...args)[0]?.match.serverNames;
    expect(names(undefined, { protocol: 'TLS' })).toEqual([]);
    expect(names(undefined, { protocol: 'HTTPS', bind: '0.0.0.0' })).toEqual([HOST]);
    expect(names(undefined, { protocol: 'TLS', destinations: ['10.0.0.0/8'], aliases: () => ['alias.bank'] })).toEqual([HOST, 'alias.bank']);
  });
});
