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
import type { MeshConfig } from '../src/api/mesh-config.js';
import { formatProblem } from '../src/api/problem.js';
import { parseNode } from '../src/model/proxy-node.js';
import { type ConfigDump, dumpConfig } from '../src/server/config-dump.js';
import { addResources, createMesh } from '../src/server/mesh-instance.js';
import { parseResources } from '../src/sources/load.js';

interface Header {
  /** What the case is there to show. */
  why: string;
  proxy?: {
    type?: string;
    ip?: string;
    namespace?: string;
    labels?: Record<string, string>;
    metadata?: Record<string, unknown>;
    locality?: Record<string, string>;
  };
  mesh?: MeshConfig;
  /** Sections to print. */
  show: (keyof ConfigDump)[];
  /** Only resources whose name contains one of these. */
  names?: string[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const inputs = globSync('src/**/testdata/*.in.yaml', { cwd: root }).sort();
const outputOf = (input: string): string => join(root, input.replace(/\.in\.yaml$/, '.out.yaml'));
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

function nodeOf(header: Header): Parameters<typeof parseNode>[0] {
  const { type = 'sidecar', ip = '10.0.0.1', namespace = 'default', labels = {}, metadata = {}, locality } = header.proxy ?? {};
  return {
    id: `${type}~${ip}~client.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, LABELS: labels, CLUSTER_ID: 'Kubernetes', ...metadata },
    ...(locality && { locality }),
  };
}

function render(input: string, permute: boolean): string {
  const text = readFileSync(join(root, input), 'utf8');
  const [first, ...rest] = parseAllDocuments(text);
  const header = first?.toJS() as Header;
  const { resources, problems } = parseResources(rest.map((document) => document.toString({ directives: true })).join(''), input);
  const errors = problems.filter((problem) => problem.severity === 'error').map(formatProblem);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const { mesh, views } = createMesh();
  const settings = {
    kind: 'MeshConfig',
    apiVersion: 'mesh.istio.io/v1alpha1',
    metadata: { name: 'mesh', namespace: '', labels: {}, annotations: {} },
    spec: header.mesh ?? {},
    createdAt: 0,
  };
  const rows = [...resources, settings] as AnyRow[];
  addResources(mesh, permute ? rows.reverse() : rows);
  const proxy = parseNode(nodeOf(header));
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const dump = dumpConfig(views, proxy.key);
  const isShown = (name: string): boolean => header.names === undefined || header.names.some((part) => name.includes(part));
  const shown = Object.fromEntries(
    header.show.map((section) => [section, Object.fromEntries(Object.entries(dump[section]).filter(([name]) => isShown(name)))]),
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
    const orphans = globSync('src/**/testdata/*.out.yaml', { cwd: root }).filter(
      (output) => !inputs.includes(output.replace(/\.out\.yaml$/, '.in.yaml')),
    );
    if (isUpdate) for (const orphan of orphans) rmSync(join(root, orphan));
    else expect(orphans).toEqual([]);
  });
});
