/** Several clusters as folders: what happens to one leaves the others alone. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FilesOptions, FilesSource } from '../sources/files.js';
import { createLog } from '../telemetry/log.js';
import { Metrics } from '../telemetry/metrics.js';
import { Changes } from './changes.js';
import { ConfigLoader } from './config-loader.js';
import { createMesh } from './mesh-instance.js';

const web = (ip: string): string => `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
status: { podIP: ${ip} }
`;

describe('ConfigLoader', () => {
  let folder = '';
  let loader: ConfigLoader;
  const { mesh } = createMesh();
  const endpoints = (): string =>
    mesh.endpoints
      .of('k:shop/web', 'http')
      .map(({ clusterId, address }) => `${clusterId} ${address}`)
      .join(', ');
  const until = async (text: string): Promise<void> => {
    for (let i = 0; i < 300 && endpoints() !== text; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(endpoints()).toBe(text);
  };
  const write = (cluster: string, text: string): void => writeFileSync(join(folder, cluster, 'web.yaml'), text);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-clusters-'));
    for (const [cluster, ip] of [
      ['own', '10.1.0.1'],
      ['north', '10.2.0.1'],
      ['west', '10.3.0.1'],
    ] as const) {
      mkdirSync(join(folder, cluster));
      write(cluster, web(ip));
    }
    const files: FilesOptions[] = [
      { paths: [join(folder, 'own')] },
      ...['north', 'west'].map((cluster) => ({ cluster, paths: [join(folder, cluster)] })),
    ];
    const sources = files.map((one) => ({ cluster: one.cluster, source: new FilesSource(one) }));
    const metrics = new Metrics('test');
    const log = createLog({ format: 'json', level: 'silent' });
    loader = new ConfigLoader({ mesh, sources, log, metrics: metrics.config, changes: new Changes(metrics) });
    await loader.start();
  });
  afterEach(() => {
    loader.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('CL-004: a cluster that is emptied loses its endpoints, one that breaks or cannot be read keeps its last ones', async () => {
    expect(endpoints()).toBe('Kubernetes 10.1.0.1, north 10.2.0.1, west 10.3.0.1');
    write('north', `${web('10.2.0.2')}  - broken: [`);
    write('west', web('10.3.0.2'));
    await until('Kubernetes 10.1.0.1, north 10.2.0.1, west 10.3.0.2');
    expect(loader.problems().map(({ location }) => location?.file)).toContain(join(folder, 'north', 'web.yaml'));
    renameSync(join(folder, 'west'), join(folder, 'gone'));
    write('own', web('10.1.0.2'));
    await until('Kubernetes 10.1.0.2, north 10.2.0.1, west 10.3.0.2');
    renameSync(join(folder, 'gone'), join(folder, 'west'));
    rmSync(join(folder, 'west', 'web.yaml'));
    await until('Kubernetes 10.1.0.2, north 10.2.0.1');
  });
});
