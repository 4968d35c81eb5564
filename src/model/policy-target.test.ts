import { describe, expect, test } from '@jest/globals';
import { isFor, policyLabelKeys } from './policy-target.js';

const GATEWAY = { 'gateway.networking.k8s.io/gateway-name': 'edge' };
const reference = (fields: object = {}) => ({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge', ...fields });

describe('AZ-001, RA-001: whom a policy is for', () => {
  test('a selector picks workloads; none picks all', () => {
    const workload = { namespace: 'shop', labels: { app: 'cart', v: '1' } };
    expect(isFor({ selector: { matchLabels: { app: 'cart' } } }, 'shop', workload)).toBe(true);
    expect(isFor({ selector: { matchLabels: { app: 'pay' } } }, 'shop', workload)).toBe(false);
    expect(isFor({ selector: {} }, 'shop', workload)).toBe(true);
    expect(isFor({}, 'shop', workload)).toBe(true);
  });

  test('a reference to a Gateway is for its proxies, in its namespace, and for nobody else', () => {
    const gateway = { namespace: 'shop', labels: GATEWAY };
    expect(isFor({ targetRefs: [reference({ name: 'other' }), reference()] }, 'shop', gateway)).toBe(true);
    expect(isFor({ targetRef: reference() }, 'shop', gateway)).toBe(true);
    expect(isFor({ targetRefs: [reference({ namespace: 'shop' })] }, 'shop', gateway)).toBe(true);
    expect(isFor({ targetRefs: [reference()] }, 'istio-system', gateway)).toBe(false);
    expect(isFor({ targetRefs: [reference({ namespace: 'istio-system' })] }, 'shop', gateway)).toBe(false);
    expect(isFor({ targetRefs: [reference({ group: 'networking.istio.io' })] }, 'shop', gateway)).toBe(false);
    expect(isFor({ targetRefs: [reference()] }, 'shop', { namespace: 'shop', labels: {} })).toBe(false);
  });

  test('a reference to a Service is for nobody without waypoints', () => {
    expect(isFor({ targetRefs: [{ group: '', kind: 'Service', name: 'edge' }] }, 'shop', { namespace: 'shop', labels: GATEWAY })).toBe(false);
  });

  test('a selector holds for Gateway API gateways too', () => {
    expect(isFor({ selector: { matchLabels: GATEWAY } }, 'shop', { namespace: 'shop', labels: GATEWAY })).toBe(true);
  });

  test('labels that decide are known', () => {
    expect(policyLabelKeys({ selector: { matchLabels: { a: '1' } } })).toEqual(['a']);
    expect(policyLabelKeys({ targetRef: reference() })).toEqual(['gateway.networking.k8s.io/gateway-name']);
  });
});
