import { expect, test } from '@jest/globals';
import type { DestinationRule } from '../api/istio.js';
import { mergeSpecs } from './destination-rule-merge.js';

const rule = (trafficPolicy: unknown, isDerived = false): DestinationRule =>
  ({
    kind: 'DestinationRule',
    metadata: { annotations: isDerived ? { 'internal.istio.io/parents': 'BackendTLSPolicy/a.b' } : {} },
    spec: { host: 'web', trafficPolicy },
  }) as unknown as DestinationRule;
const tls = (sni: string) => ({ mode: 'SIMPLE', sni });
const loadBalancer = { simple: 'RANDOM' };

test('DR-035: blocks of a backend policy fill in what the user leaves open, whichever is older', () => {
  const user = rule({ loadBalancer, portLevelSettings: [{ port: { number: 80 }, loadBalancer }] });
  const policy = rule(
    {
      loadBalancer: { simple: 'ROUND_ROBIN' },
      tls: tls('all'),
      portLevelSettings: [
        { port: { number: 80 }, tls: tls('80') },
        { port: { number: 81 }, tls: tls('81') },
      ],
    },
    true,
  );
  const merged = {
    loadBalancer,
    tls: tls('all'),
    portLevelSettings: [
      { port: { number: 80 }, loadBalancer, tls: tls('80') },
      { port: { number: 81 }, tls: tls('81') },
    ],
  };
  expect(mergeSpecs([user, policy]).trafficPolicy).toEqual(merged);
  expect(mergeSpecs([policy, user]).trafficPolicy).toEqual(merged);
});

test('DR-003: of rules of one kind the first policy counts alone', () =>
  expect(mergeSpecs([rule(undefined), rule({ loadBalancer }), rule({ tls: tls('late') })]).trafficPolicy).toEqual({ loadBalancer }));
