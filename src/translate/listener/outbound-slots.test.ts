import { describe, expect, test } from '@jest/globals';
import type { EgressListener } from '../../model/mesh.js';
import type { Protocol } from '../../model/protocol.js';
import type { Service } from '../../model/service.js';
import { type Egress, outboundSlots, type SlotSettings } from './outbound-slots.js';

const SETTINGS: SlotSettings = {
  type: 'sidecar',
  ipMode: 'ipv4',
  interceptionMode: 'REDIRECT',
  unprivilegedPod: false,
  dnsCapture: false,
  clusterId: '',
  ownPorts: [15001, 15006],
};
const CATCH_ALL: EgressListener = { index: 0, bind: '', captureMode: 'DEFAULT' };

function service(name: string, port: number, protocol: Protocol, more: Partial<Service> = {}): Service {
  return {
    key: `ns/${name}`,
    hostname: `${name}.ns.svc.cluster.local`,
    name,
    namespace: 'ns',
    registry: 'Kubernetes',
    ports: [{ name: 'p', port, protocol }],
    resolution: 'EDS',
    address: '10.0.0.1',
    addresses: ['10.0.0.1'],
    isHeadless: false,
    meshExternal: false,
    visibility: { to: 'all' },
    labels: {},
    serviceAccounts: [],
    internalTrafficPolicyLocal: false,
    publishNotReadyAddresses: false,
    persistentSession: false,
    aliases: [],
    createdAt: 0,
    from: { kind: 'Service', key: `ns/${name}` },
    ...more,
  };
}
const headlessService = (name: string, protocol: Protocol, more: Partial<Service> = {}): Service =>
  service(name, 5432, protocol, { resolution: 'Passthrough', address: '0.0.0.0', addresses: [], isHeadless: true, ...more });
const slots = (
  services: readonly Service[],
  settings: Partial<SlotSettings> = {},
  listener: Partial<EgressListener> = {},
  pods: readonly string[] = [],
) => outboundSlots([{ listener: { ...CATCH_ALL, ...listener }, services }], { ...SETTINGS, ...settings }, () => pods);
const names = (...args: Parameters<typeof slots>): string[] => slots(...args).map(({ name }) => name);

describe('outbound slots', () => {
  test('declared HTTP shares a port, byte streams have their own address', () => {
    expect(names([service('a', 80, 'HTTP'), service('b', 80, 'GRPC'), service('c', 80, 'TCP')])).toEqual(['0.0.0.0_80', '10.0.0.1_80']);
    expect(slots([service('a', 80, 'HTTP'), service('b', 80, 'HTTP')])[0]?.offers).toHaveLength(1);
  });
  test('SD-004: headless HTTP is on the shared port', () => {
    expect(names([headlessService('h', 'HTTP')], {}, {}, ['10.1.0.1'])).toEqual(['0.0.0.0_5432']);
  });
  test('SD-005: a headless byte stream has a slot per pod, none without pods', () => {
    expect(names([headlessService('h', 'TCP')], {}, {}, ['10.1.0.1', '10.1.0.2'])).toEqual(['10.1.0.1_5432', '10.1.0.2_5432']);
    expect(names([headlessService('h', 'TCP')])).toEqual([]);
  });
  test('SD-066: a ServiceEntry without addresses or endpoints listens on the wildcard, of the proxy’s family', () => {
    const entry = headlessService('e', 'TCP', { registry: 'External' });
    expect(names([entry])).toEqual(['0.0.0.0_5432']);
    expect(names([entry], { ipMode: 'ipv6' })).toEqual(['::_5432']);
    expect(slots([entry], { ipMode: 'dual' })[0]?.binds).toEqual(['0.0.0.0', '::']);
  });
  test('a CIDR becomes a condition on the wildcard', () => {
    const [slot] = slots([service('c', 443, 'TLS', { registry: 'External', address: '10.9.0.0/16', addresses: ['10.9.0.0/16'] })]);
    expect(slot).toMatchObject({ name: '0.0.0.0_443', offers: [{ destinations: ['10.9.0.0/16'] }] });
  });
  test('SD-048: an allocated address is used with DNS capture only', () => {
    const entry = service('e', 443, 'TLS', {
      registry: 'External',
      address: '0.0.0.0',
      addresses: [],
      autoAllocatedAddresses: ['240.240.0.7', '2001:2::7'],
    });
    expect(names([entry], { dnsCapture: true })).toEqual(['240.240.0.7_443']);
    expect(names([entry])).toEqual(['0.0.0.0_443']);
  });
  test('SD-064: ports of the proxy’s own listeners are left alone on the wildcard', () => {
    expect(names([service('a', 15090, 'HTTP'), service('b', 15001, 'HTTP'), service('c', 15021, 'TCP')])).toEqual(['10.0.0.1_15021']);
  });
  test('SD-064: an unprivileged proxy binds no port below 1024', () => {
    expect(names([service('a', 80, 'HTTP'), service('b', 8080, 'HTTP')], { interceptionMode: 'NONE', unprivilegedPod: true })).toEqual([
      '127.0.0.1_8080',
    ]);
  });
  test('SC-004: an explicit port is locked for the catch-all listener', () => {
    const explicit: Egress = {
      listener: { ...CATCH_ALL, port: { number: 80, protocol: 'HTTP', name: 'http' } },
      services: [service('only', 80, 'HTTP')],
    };
    const rest: Egress = { listener: { ...CATCH_ALL, index: 1 }, services: [service('other', 80, 'HTTP'), service('more', 81, 'HTTP')] };
    expect(outboundSlots([explicit, rest], SETTINGS, () => []).map(({ name, offers }) => [name, offers.map((offer) => offer.service.name)])).toEqual([
      ['0.0.0.0_80', ['only']],
      ['0.0.0.0_81', ['more']],
    ]);
  });
  test('SC-005: capture mode NONE binds a real port on loopback', () => {
    expect(slots([service('a', 80, 'HTTP')], {}, { captureMode: 'NONE' })[0]).toMatchObject({ name: '127.0.0.1_80', bindsToPort: true });
    expect(slots([service('a', 80, 'TCP')], {}, { captureMode: 'NONE', bind: '127.0.0.5' })[0]).toMatchObject({
      name: '127.0.0.5_80',
      bindsToPort: true,
    });
  });
  test('SC-006: a Unix socket always binds', () => {
    const listener = { bind: 'unix:///tmp/a.sock', port: { number: 0, protocol: 'HTTP', name: 'http' } };
    expect(slots([service('a', 80, 'HTTP')], {}, listener)[0]).toMatchObject({ name: 'unix:///tmp/a.sock_0', port: 0, bindsToPort: true });
  });
  test('UDP and aliases have no listener', () => {
    expect(names([service('a', 53, 'UDP'), service('b', 80, 'HTTP', { resolution: 'Alias' })])).toEqual([]);
  });
});
