import { describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import type { Mesh } from './mesh.js';

const entry = (name: string, spec: string, more = ''): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop ${more} }
spec: { ${spec}, ports: [{ number: 443, name: tls, protocol: TLS }] }
---`;
const plain = (host: string, more = ''): string => entry(host.replaceAll('.', '-'), `hosts: ['${host}'], resolution: DNS`, more);
const add = (mesh: Mesh, yaml: string): void => addResources(mesh, parseResources(yaml, 'test.yaml').resources as AnyRow[]);
function meshOf(yaml: string): Mesh {
  const { mesh } = createMesh();
  add(mesh, yaml);
  return mesh;
}
const addressesOf = (mesh: Mesh): Record<string, readonly string[] | undefined> =>
  Object.fromEntries(mesh.services.inNamespace('shop').map((service) => [service.hostname, service.autoAllocatedAddresses]));

describe('SD-048 addresses for ServiceEntries without any', () => {
  test('one of each family, out of the reserved ranges', () => {
    expect(addressesOf(meshOf(plain('a.example')))).toEqual({
      'a.example': [expect.stringMatching(/^240\.240\.\d+\.\d+$/), expect.stringMatching(/^2001:2::[0-9a-f]+$/)],
    });
  });
  test('not for own addresses, unknown destinations, plain wildcards, or by label', () => {
    const yaml = [
      entry('own', "hosts: ['own.example'], resolution: DNS, addresses: [10.9.9.9]"),
      entry('none', "hosts: ['none.example'], resolution: NONE"),
      entry('wild', "hosts: ['*.wild.example'], resolution: STATIC, endpoints: [{ address: 10.1.1.1 }]"),
      plain('out.example', ", labels: { networking.istio.io/enable-autoallocate-ip: 'False' }"),
    ].join('\n');
    expect(Object.values(addressesOf(meshOf(yaml)))).toEqual([undefined, undefined, undefined, undefined]);
  });
  test('SD-038: a wildcard that the proxy resolves has one', () => {
    const mesh = meshOf(entry('wild', "hosts: ['*.wild.example'], resolution: DYNAMIC_DNS"));
    expect(addressesOf(mesh)['*.wild.example']).toHaveLength(2);
  });
  test('what a status says holds, and nobody else gets it', () => {
    const [first = ''] = addressesOf(meshOf(plain('a.example')))['a.example'] ?? [];
    const stated = `${plain('b.example').trimEnd().slice(0, -3)}status: { addresses: [{ value: ${first}, host: b.example }] }\n---`;
    const both = addressesOf(meshOf(plain('a.example') + stated));
    expect(both['b.example']).toEqual([first]);
    expect(both['a.example']?.[0]).not.toBe(first);
  });
  test('different for all, the same in any order of arrival, and no older one moves', () => {
    const hosts = Array.from({ length: 2000 }, (_, i) => `h${i}.example`);
    const dated = (host: string, i: number): string =>
      plain(host, `, creationTimestamp: '2026-01-01T${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}:00Z'`);
    const yaml = hosts.slice(0, 1400).map(dated);
    const before = addressesOf(meshOf(yaml.join('')));
    expect(new Set(Object.values(before).map((pair) => pair?.[0])).size).toBe(1400);
    expect(addressesOf(meshOf(yaml.reverse().join('')))).toEqual(before);
    const mesh = meshOf(yaml.join(''));
    addressesOf(mesh);
    add(mesh, plain('new.example', ", creationTimestamp: '2026-02-01T00:00:00Z'"));
    const runs = mesh.graph.stats().runs;
    expect(addressesOf(mesh)).toMatchObject(before);
    expect(mesh.graph.stats().runs - runs).toBeLessThan(20);
  });
  test('entries of one namespace share the address of a host', () => {
    const mesh = meshOf(plain('a.example') + entry('other', "hosts: ['a.example'], resolution: DNS"));
    expect(new Set(mesh.services.inNamespace('shop').map((service) => service.autoAllocatedAddresses?.[0])).size).toBe(1);
  });
});
