import { describe, expect, test } from '@jest/globals';
import { kubernetesProtocol } from './protocol.js';

describe('protocols of ports', () => {
  test.each([
    ['http-admin', 'HTTP'],
    ['GRPC-WEB-x', 'GRPC-Web'],
    ['tls-http', 'TLS'],
    ['hbone', 'Unsupported'],
    ['double-hbone', 'Unsupported'],
    ['httpx', 'Unsupported'],
  ])('SD-012: %s says %s', (name, protocol) => {
    expect(kubernetesProtocol({ port: 8080, name })).toBe(protocol);
    expect(kubernetesProtocol({ port: 8080, name: 'x', appProtocol: name })).toBe(protocol);
  });
});
