/** Runs `testdata/NAME.mesh.yaml`: the first document is `{why, mesh?}`, the rest is the mesh; NAME.findings.txt is what is told of it. */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { AnyRow } from '../api/kinds.js';
import type { MeshConfig } from '../api/mesh-config.js';
import { formatProblem } from '../api/problem.js';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { fieldLocator } from '../sources/field-location.js';
import { parseResources } from '../sources/load.js';
import { formatFinding } from './finding.js';
import { defineAnalysis } from './index.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'testdata');
const inputs = globSync('*.mesh.yaml', { cwd: folder }).sort();
const outputOf = (input: string): string => join(folder, input.replace(/\.mesh\.yaml$/, '.findings.txt'));
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

function meshOf(rows: readonly AnyRow[]) {
  const mesh = defineMesh(new Graph());
  put(mesh, rows);
  return mesh;
}
function put(mesh: ReturnType<typeof defineMesh>, rows: readonly AnyRow[]): void {
  mesh.graph.transaction(() => {
    for (const row of rows) mesh.rows.of(row.kind).set(row as never);
  });
}

function rowsOf(text: string, name: string): AnyRow[] {
  const header = parseAllDocuments(text)[0]?.toJS() as { why: string; mesh?: MeshConfig };
  // The header is blanked, so that places stay those of the file.
  const body = text.replace(/^[\s\S]*?(?=^---)/m, (head) => head.replaceAll(/[^\n]/g, ''));
  const { resources, problems } = parseResources(body, name);
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const metadata = { name: 'mesh', namespace: '', labels: {}, annotations: {} };
  const settings = { kind: 'MeshConfig', apiVersion: 'mesh.istio.io/v1alpha1', metadata, spec: header.mesh ?? {}, createdAt: 0 };
  return [...resources, settings] as AnyRow[];
}

const tell = (rows: readonly AnyRow[], text: string): string => {
  const findings = defineAnalysis(meshOf(rows)).findings(fieldLocator(() => text));
  return findings.map((finding) => `${formatFinding(finding)}\n`).join('');
};

describe('analysis', () => {
  for (const input of inputs) {
    const text = readFileSync(join(folder, input), 'utf8');
    const why = /^why: (.*)$/m.exec(text)?.[1] ?? '';
    test(`${basename(input, '.mesh.yaml')}: ${why}`, () => {
      const rows = rowsOf(text, input);
      const output = tell(rows, text);
      if (isUpdate) writeFileSync(outputOf(input), output);
      expect(output).toBe(existsSync(outputOf(input)) ? readFileSync(outputOf(input), 'utf8') : '');
      expect(tell(rows.toReversed(), text)).toBe(output);
    });
  }

  test('every output has an input', () => {
    const orphans = globSync('*.findings.txt', { cwd: folder }).filter((file) => !inputs.includes(file.replace(/\.findings\.txt$/, '.mesh.yaml')));
    if (isUpdate) for (const orphan of orphans) rmSync(join(folder, orphan));
    else expect(orphans).toEqual([]);
  });
});

describe('while the mesh changes', () => {
  const service = (name: string) =>
    `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: a}\nspec: {ports: [{name: http, port: 80}]}\n`;
  const route = (name: string, to: string, spec = '') =>
    `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: a}\nspec: {hosts: [${name}], ${spec}http: [{route: [{destination: {host: ${to}}}]}]}\n`;

  test('GW-036: a private key provider has an effect as soon as a proxy is there that was built with it', () => {
    const mesh = meshOf(rowsOf('why: x\nmesh: {defaultConfig: {privateKeyProvider: {qat: {pollDelay: 1ms}}}}\n---\n', 'x.yaml'));
    const analysis = defineAnalysis(mesh);
    const connect = (...names: string[]) =>
      mesh.graph.transaction(() => {
        const id = `router~10.0.0.${names.length}~edge.a~a.svc.cluster.local`;
        mesh.rows.proxies.set(parseNode({ id, extensions: names.map((name) => ({ name })) }));
      });
    connect('cryptomb');
    expect(analysis.findings()).toHaveLength(1);
    connect('qat', 'cryptomb');
    expect(analysis.findings()).toEqual([]);
  });

  test('findings come and go, and an edit examines what it touches only', () => {
    const many = Array.from({ length: 50 }, (_, i) => `s${i}`);
    const rows = parseResources(many.flatMap((name) => [service(name), route(name, name)]).join('')).resources;
    const mesh = meshOf(rows);
    const analysis = defineAnalysis(mesh);
    expect(analysis.findings()).toEqual([]);
    const before = mesh.graph.stats().runs;
    put(mesh, parseResources(route('s7', 'gone')).resources);
    expect(analysis.findings().map(({ code }) => code)).toEqual(['unknown-destination']);
    expect(mesh.graph.stats().runs - before).toBeLessThan(60);
    put(mesh, parseResources(route('s7', 's7')).resources);
    expect(analysis.findings()).toEqual([]);
  });

  test('a check from outside joins in', () => {
    const mesh = meshOf(parseResources(service('s')).resources);
    const extra = {
      name: 'from-outside',
      subjects: () => ['a/s'],
      examine: () => [{ severity: 'info' as const, code: 'x', message: 'm', at: { row: mesh.rows.of('Service').get('a/s') as never } }],
    };
    expect(defineAnalysis(mesh, { extra: [extra] }).findings()).toMatchObject([
      { code: 'x', resource: { kind: 'Service', namespace: 'a', name: 's' } },
    ]);
  });
});
