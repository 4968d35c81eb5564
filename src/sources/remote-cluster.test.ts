import { delimiter } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatProblem } from '../api/problem.js';
import { keyOf } from '../api/resource.js';
import { parseResources } from './load.js';
import { joinRemoteClusters, parseRemoteClusters } from './remote-cluster.js';

const YAML = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: [web], http: [{ directResponse: { status: 200 } }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm, namespace: shop }
spec: { address: 192.0.2.1 }
`;

describe('remote clusters', () => {
  test("CL-003, SD-044: Kubernetes' kinds and WorkloadEntries are read, other configuration is told and left out", () => {
    const { resources, problems } = parseResources(YAML, 'west.yaml', { cluster: 'west' });
    expect(resources.map(keyOf)).toEqual(['west/shop/web', 'west/shop/vm']);
    expect(problems.map(formatProblem)).toEqual([
      'west.yaml:6:1: warning: VirtualService shop/web: a VirtualService has no effect in remote cluster west: put it into the configuration that --config names',
    ]);
  });

  test('CL-004: NAME=PATH, several of one cluster belong together', () => {
    const clusters = parseRemoteClusters(['west=a', 'north=b', 'west=c=d'].join(delimiter));
    expect(joinRemoteClusters(clusters, 'Kubernetes')).toEqual([
      { cluster: 'west', paths: ['a', 'c=d'] },
      { cluster: 'north', paths: ['b'] },
    ]);
    expect(() => joinRemoteClusters(clusters, 'west')).toThrow('cluster west is the one whose configuration holds');
    for (const wrong of ['west', '=a', 'west=', 'a/b=c']) expect(() => parseRemoteClusters(wrong)).toThrow('is not NAME=PATH');
  });
});
