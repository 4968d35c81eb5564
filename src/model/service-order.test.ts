import { expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { byAgeAndHostname, byServiceAge } from './services.js';

/** Names of the services of a mesh in an order. */
function ordered(order: typeof byServiceAge): readonly string[] {
  const { mesh } = createMesh();
  const one = (name: string, day: number) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2026-01-0${day}T00:00:00Z" }
spec: { clusterIP: 10.96.0.${day}, ports: [{ port: 80 }] }
`;
  addResources(mesh, parseResources(one('web-old', 1) + one('web-new', 2) + one('web', 2) + one('api', 2), 'mesh.yaml').resources);
  return [...mesh.services.inNamespace('shop')].sort(order).map(({ name }) => name);
}

// `-` comes before `.`: what is compared shows in services of one age of which one's name begins with the other's.
test('SD-001: services are ordered by age, then by name', () => expect(ordered(byServiceAge)).toEqual(['web-old', 'api', 'web', 'web-new']));
test('SD-063: services that end at a workload are ordered by age, then by hostname', () =>
  expect(ordered(byAgeAndHostname)).toEqual(['web-old', 'api', 'web-new', 'web']));
