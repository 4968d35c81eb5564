/**
 * One runner for every `testdata/*.in.yaml` beside the code. The first document is the header: which proxy looks, what is shown and why.
 * The rest is ordinary mesh YAML. `UPDATE_GOLDEN=1 npm run golden` rewrites the outputs and deletes those without an input.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';
import type { AnyRow } from '../src/api/kinds.js';
import { formatProblem } from '../src/api/problem.js';
import { DEFAULT_SETTINGS } from '../src/model/define-mesh.js';
import { parseNode } from '../src/model/proxy-node.js';
import { dumpConfig } from '../src/server/config-dump.js';
import { addResources, createMesh } from '../src/server/mesh-instance.js';
import { parseResources } from '../src/sources/load.js';
import { type Header, nodeOf } from './golden-header.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const inputs = globSync('src/**/testdata/*.in.yaml', { cwd: root }).sort();
const outputOf = (input: string): string => join(root, input.replace(/\.in\.yaml$/, '.out.yaml'));
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

function render(input: string, permute: boolean): string {
  const text = readFileSync(join(root, input), 'utf8');
  const [first, ...rest] = parseAllDocuments(text);
  const header = first?.toJS() as Header;
  const own = parseResources(rest.map((document) => document.toString({ directives: true })).join(''), input);
  const remote = Object.entries(header.clusters ?? {}).map(([cluster, objects]) =>
    parseResources(objects.map((object) => `---\n${stringify(object)}`).join(''), input, { cluster }),
  );
  const errors = [own, ...remote].flatMap(({ problems }) => problems).filter((problem) => problem.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(formatProblem).join('\n'));
  const { mesh, views } = createMesh({ ...DEFAULT_SETTINGS, ...header.settings });
  const settings = (kind: 'MeshConfig' | 'MeshNetworks', spec: unknown = {}) => ({
    kind,
    apiVersion: 'mesh.istio.io/v1alpha1',
    metadata: { name: 'mesh', namespace: '', labels: {}, annotations: {} },
    spec,
    createdAt: 0,
  });
  const resources = [own, ...remote].flatMap((loaded) => loaded.resources);
  const rows = [...resources, settings('MeshConfig', header.mesh), settings('MeshNetworks', header.meshNetworks)] as AnyRow[];
  addResources(mesh, permute ? rows.reverse() : rows);
  const proxy = parseNode(nodeOf(header.proxy));
  mesh.graph.transaction(() => {
    mesh.rows.proxies.set(proxy);
    for (const [hostname, addresses] of Object.entries(header.hostAddresses ?? {})) mesh.rows.hostAddresses.set({ hostname, addresses });
  });
  const dump = dumpConfig(views, proxy.key);
  const isShown = (name: string): boolean => header.names === undefined || header.names.some((part) => name.includes(part));
  const shown = Object.fromEntries(
    header.show.map((section) => [section, Object.fromEntries(Object.entries(dump[section] ?? {}).filter(([name]) => isShown(name)))]),
  );
  return stringify(shown, { sortMapEntries: true, lineWidth: 0 });
}

describe('golden', () => {
  for (const input of inputs) {
    test(relative('src', input), () => {
      const output = render(input, false);
      if (isUpdate) writeFileSync(outputOf(input), output);
      expect(existsSync(outputOf(input))).toBe(true);
      expect(output).toBe(readFileSync(outputOf(input), 'utf8'));
      expect(render(input, true)).toBe(output);
    });
  }

  test('every output has an input', () => {
    // src/debug keeps what its pages show in files of that name, all of one mesh.
    const orphans = globSync('src/{model,translate,views}/**/testdata/*.out.yaml', { cwd: root }).filter(
      (output) => !inputs.includes(output.replace(/\.out\.yaml$/, '.in.yaml')),
    );
    if (isUpdate) for (const orphan of orphans) rmSync(join(root, orphan));
    else expect(orphans).toEqual([]);
  });
});
