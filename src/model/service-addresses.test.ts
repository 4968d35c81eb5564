import { describe, expect, test } from '@jest/globals';
import { parseNode } from './proxy-node.js';
import type { Service } from './service.js';
import { reachableAddresses, serviceAddresses } from './service-addresses.js';

const service = (more: Partial<Service>): Service => ({ registry: 'External', address: '0.0.0.0', addresses: [], ...more }) as Service;
const auto = service({ autoAllocatedAddresses: ['240.240.0.7', '2001:2::7'] });
const proxy = (metadata: Record<string, unknown>, ip = '10.0.0.1', type = 'sidecar') =>
  parseNode({ id: `${type}~${ip}~a.b~b.svc.cluster.local`, metadata });

describe('addresses of a service for a client', () => {
  test('SD-048: allocated ones of its family where it captures DNS, and behind waypoints', () => {
    expect(serviceAddresses(auto, proxy({}))).toEqual(['0.0.0.0']);
    expect(serviceAddresses(auto, proxy({ DNS_CAPTURE: 'true' }))).toEqual(['240.240.0.7']);
    expect(serviceAddresses(auto, proxy({ DNS_CAPTURE: 'true' }, 'fd00::1'))).toEqual(['2001:2::7']);
    expect(serviceAddresses(auto, proxy({}, '10.0.0.1', 'waypoint'))).toEqual(['240.240.0.7']);
  });
  test('SD-058: the old switch adds nothing to DNS capture, and means nothing without it', () => {
    expect(serviceAddresses(auto, proxy({ DNS_AUTO_ALLOCATE: 'true' }))).toEqual(['0.0.0.0']);
    expect(serviceAddresses(auto, proxy({ DNS_AUTO_ALLOCATE: 'true', DNS_CAPTURE: 'true' }))).toEqual(['240.240.0.7']);
  });
  test('SD-032: own addresses hold for either family', () => {
    expect(serviceAddresses(service({ address: 'fd00::9', addresses: ['fd00::9'] }), proxy({}))).toEqual(['fd00::9']);
  });
  test('of a dual-stack Kubernetes service those that the client can reach', () => {
    const dual = service({ registry: 'Kubernetes', address: '10.9.0.1', addresses: ['10.9.0.1', 'fd00::9'] });
    expect(serviceAddresses(dual, proxy({}, 'fd00::1'))).toEqual(['fd00::9']);
    expect(serviceAddresses(dual, proxy({ INSTANCE_IPS: '10.0.0.1,fd00::1' }))).toEqual(['10.9.0.1', 'fd00::9']);
    const agent = proxy({ INSTANCE_IPS: '10.0.0.1,fd00::1', ISTIO_VERSION: '1.29.0' });
    expect(serviceAddresses(dual, agent)).toEqual(['10.9.0.1']);
    expect(serviceAddresses({ ...dual, addresses: ['fd00::9', '10.9.0.1'] }, agent)).toEqual(['fd00::9']);
  });
  test('SD-010: a Kubernetes service of the other family has an address to listen on, and none to be called by', () => {
    const six = service({ registry: 'Kubernetes', address: 'fd00::9', addresses: ['fd00::9'] });
    expect([serviceAddresses(six, proxy({})), reachableAddresses(six, proxy({}))]).toEqual([['fd00::9'], []]);
    expect(reachableAddresses(six, proxy({}, 'fd00::1'))).toEqual(['fd00::9']);
    expect(reachableAddresses(service({ address: 'fd00::9', addresses: ['fd00::9'] }), proxy({}))).toEqual(['fd00::9']);
    expect(reachableAddresses(service({ registry: 'Kubernetes' }), proxy({}, 'fd00::1'))).toEqual(['0.0.0.0']);
  });
});
