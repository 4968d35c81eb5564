import { describe, expect, test } from '@jest/globals';
import { gatewayPorts, listenPort, quicPorts } from './gateway-ports.js';
import type { ServiceTarget } from './scope.js';
import type { Service } from './service.js';

const service = (name: string, createdAt: number, labels: Record<string, string> = {}) =>
  ({ key: name, name, namespace: 'edge', createdAt, labels, ports: [{ name: 'udp', protocol: 'UDP' }] }) as unknown as Service;
const target = (owner: string, port: number, targetPort: number, portName = ''): ServiceTarget => ({
  service: owner,
  hostname: owner,
  port,
  portName,
  protocol: portName === 'udp' ? 'UDP' : 'TCP',
  targetPort,
});

describe('GW-023 port translation', () => {
  test('of two services on one port the older one decides, whatever order their targets come in', () => {
    const services = new Map([service('young', 2), service('old', 1)].map((row) => [row.key, row]));
    const targets = [target('young', 80, 8000), target('old', 80, 8080), target('young', 443, 8443)];
    for (const given of [targets, targets.toReversed()]) {
      expect(gatewayPorts(given, (key) => services.get(key))).toEqual([
        [80, 8080],
        [443, 8443],
      ]);
    }
  });

  test('a service that opted out does not count', () => {
    const only = service('knative', 1, { 'experimental.istio.io/disable-gateway-port-translation': '' });
    expect(gatewayPorts([target('knative', 80, 8080)], () => only)).toEqual([]);
  });

  test('a port that no service has is listened on as written', () => expect(listenPort({ gatewayPorts: [[80, 8080]] }, 9100)).toBe(9100));
});

describe('GW-027 UDP ports', () => {
  test('a number that is there for TCP and UDP leads each to its own target, and TCP is what Gateways mean', () => {
    const targets = [target('edge', 443, 8000, 'udp'), target('edge', 443, 8443), target('edge', 53, 5353, 'udp')];
    const edge = (): Service => service('edge', 1);
    expect(gatewayPorts(targets, edge)).toEqual([
      [53, 5353],
      [443, 8443],
    ]);
    expect(quicPorts(targets, edge)).toEqual([
      [53, 5353],
      [443, 8000],
    ]);
  });

  test('a service that opted out of translation has its UDP ports as written', () => {
    const only = service('knative', 1, { 'experimental.istio.io/disable-gateway-port-translation': '' });
    expect(quicPorts([target('knative', 443, 8443, 'udp')], () => only)).toEqual([[443, 443]]);
  });
});
