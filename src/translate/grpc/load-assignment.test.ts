/** Endpoints that a gRPC library would refuse a whole load assignment for. XD-025. */
import { expect, test } from '@jest/globals';
import { address } from '../listener/address.js';
import { grpcLoadAssignment } from './load-assignment.js';

const at = (bind: string, port: number) => ({ hostIdentifier: { $case: 'endpoint' as const, value: { address: address(bind, port) } } });

test('XD-025: sockets that are files and repeated addresses go; the same address on another port stays', () => {
  const assignment = {
    clusterName: 'cart',
    endpoints: [
      { locality: { region: 'a' }, lbEndpoints: [at('10.0.0.1', 80), at('unix:///tmp/s', 0), at('10.0.0.1', 81)], loadBalancingWeight: 3 },
      { locality: { region: 'b' }, lbEndpoints: [at('10.0.0.1', 80)], loadBalancingWeight: 1 },
    ],
  };
  const hosts = grpcLoadAssignment(assignment).endpoints?.map(({ lbEndpoints }) => lbEndpoints?.map(({ hostIdentifier }) => hostIdentifier));
  expect(hosts).toEqual([[at('10.0.0.1', 80).hostIdentifier, at('10.0.0.1', 81).hostIdentifier], []]);
});

test('XD-025: what chooses a transport socket of Envoy is not sent, the rest of the metadata is', () => {
  const filterMetadata = { 'envoy.transport_socket_match': { tlsMode: 'istio' }, istio: { workload: 'w' } };
  const assignment = { clusterName: 'cart', endpoints: [{ lbEndpoints: [{ ...at('10.0.0.1', 80), metadata: { filterMetadata } }] }] };
  expect(grpcLoadAssignment(assignment).endpoints?.[0]?.lbEndpoints?.[0]?.metadata).toEqual({ filterMetadata: { istio: { workload: 'w' } } });
});
