import { expect, test } from '@jest/globals';
import { destinationPorts } from './virtual-service-destinations.js';

test('SC-003: sourceNamespace keeps HTTP destinations of others away, not those of byte streams', () => {
  const route = (host: string) => ({ match: [{ sourceNamespace: 'bank' }], route: [{ destination: { host, port: { number: 80 } } }] });
  const spec = { hosts: ['a'], http: [route('http.example')], tcp: [route('tcp.example')], tls: [route('tls.example')] };
  expect([...destinationPorts(spec as never, 'shop').keys()]).toEqual(['tls.example', 'tcp.example']);
  expect([...destinationPorts(spec as never, 'bank').keys()]).toEqual(['http.example', 'tls.example', 'tcp.example']);
});
