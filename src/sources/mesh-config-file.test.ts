import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadMeshConfig } from './load.js';
import { MeshConfigFile } from './mesh-config-file.js';

describe('MeshConfigFile', () => {
  it('MC-001: reads a plain MeshConfig and the ConfigMap form', () => {
    expect(new MeshConfigFile('m').update('trustDomain: a.test\n').rows[0]).toMatchObject({ kind: 'MeshConfig', spec: { trustDomain: 'a.test' } });
    const map =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata:\n  mesh: |\n    enableTracing: false\n  meshNetworks: |\n    networks: {}\n';
    expect(new MeshConfigFile('m').update(map).rows.map((row) => [row.kind, row.spec])).toEqual([
      ['MeshConfig', { enableTracing: false }],
      ['MeshNetworks', { networks: {} }],
    ]);
  });

  it('keeps the last good row and tells the place of the mistake', () => {
    const file = new MeshConfigFile('m.yaml');
    file.update('connectTimeout: 4s\n');
    const { rows, problems } = file.update('connectTimeout: 5s\naccessLogEncoding: XML\n');
    expect(rows[0]!.spec).toEqual({ connectTimeout: '4s' });
    expect(problems[0]).toMatchObject({ severity: 'error', field: 'accessLogEncoding', location: { file: 'm.yaml', line: 2 } });
    expect(file.update('connectTimeout: soon\n').problems[0]!.message).toMatch(/duration/);
    expect(file.update('outboundTrafikPolicy: {}\n').problems[0]).toMatchObject({ severity: 'warning', code: 'unknown-field' });
  });
});

const cases = join(import.meta.dirname, '../../../shared/conformance/cases');
(existsSync(cases) ? it : it.skip)('every conformance MeshConfig loads without a problem', () => {
  const problems = readdirSync(cases).flatMap((name) => loadMeshConfig(join(cases, name, 'mesh.yaml')).problems);
  expect(problems).toEqual([]);
});
