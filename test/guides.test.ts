/**
 * The guides (docs/guides) show the files of examples/guides, and these hold by themselves: nothing to complain about, and a sidecar and a gateway are
 * served by them. What requests experience is shown by e2e/scenarios/guide-*.yaml, with real Envoys.
 */
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { formatFinding } from '../src/analysis/finding.js';
import { defineAnalysis } from '../src/analysis/index.js';
import { formatProblem } from '../src/api/problem.js';
import type { Proxy } from '../src/model/proxy.js';
import { parseNode } from '../src/model/proxy-node.js';
import { registeredEntry } from '../src/model/workload-registration.js';
import { dumpConfig } from '../src/server/config-dump.js';
import { addResources, createMesh } from '../src/server/mesh-instance.js';
import { fieldLocator } from '../src/sources/field-location.js';
import { loadResources } from '../src/sources/load.js';

const root = join(import.meta.dirname, '..');
const examples = join(root, 'examples/guides');
const guides = readdirSync(examples, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const filesOf = (guide: string): string[] => globSync(`examples/guides/${guide}/**/*.yaml`, { cwd: root }).toSorted();
const scriptsOf = (guide: string): string[] => globSync(`examples/guides/${guide}/*.sh`, { cwd: root }).toSorted();
/** Files that begin with a number replace one another; others belong together. */
const stepsOf = (guide: string): string[][] =>
  filesOf(guide).some((file) => /\/\d-[^/]*$/.test(file)) ? filesOf(guide).map((file) => [file]) : [filesOf(guide)];
/** The user's own secret, of which the guide shows the shape only; a provider that the guide puts into MeshConfig. */
const LEFT_OUT = /there is no Secret istio-system\/shop-cert|zipkin/;

describe('guides', () => {
  test.each(guides)('%s: shows its files as they are', (guide) => {
    const text = readFileSync(join(root, `docs/guides/${guide}.md`), 'utf8');
    for (const file of [...filesOf(guide), ...scriptsOf(guide)])
      expect(text).toContain(
        `[${file}](../../${file})\n\n\`\`\`${extname(file).slice(1)}\n${readFileSync(join(root, file), 'utf8').trimEnd()}\n\`\`\``,
      );
  });

  test.each(guides.flatMap((guide) => stepsOf(guide).map((files) => [guide, files] as const)))('%s: %j is clean and serves proxies', (_, files) => {
    // A folder below a guide is a remote cluster.
    const remote = files.filter((file) => file.split('/').length > 4);
    const loaded = [
      loadResources([join(examples, 'mesh.yaml'), ...files.filter((file) => !remote.includes(file)).map((file) => join(root, file))]),
      ...remote.map((file) => loadResources([join(root, file)], { cluster: basename(dirname(file)) })),
    ];
    const problems = loaded.flatMap((one) => one.problems);
    expect(problems.map(formatProblem)).toEqual([]);
    const { mesh, views } = createMesh();
    for (const { resources } of loaded) addResources(mesh, resources);
    const findings = defineAnalysis(mesh).findings(fieldLocator()).map(formatFinding);
    expect(findings.filter((text) => !LEFT_OUT.test(text))).toEqual([]);
    for (const [id, labels] of [
      ['sidecar~10.0.0.4~client.app~app.svc.cluster.local', { app: 'client' }],
      ['router~10.0.0.5~gateway.istio-system~istio-system.svc.cluster.local', { istio: 'ingressgateway' }],
    ] as const) {
      const proxy = parseNode({ id, metadata: { NAMESPACE: id.includes('client') ? 'app' : 'istio-system', LABELS: labels } });
      mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
      const dump = dumpConfig(views, proxy.key);
      expect(Object.keys(dump.clusters)).toContain('outbound|80||echo.app.svc.cluster.local');
      if (id.startsWith('sidecar')) expect(Object.keys(dump.listeners)).toContain('virtualInbound');
    }
  });

  test('virtual-machines, SD-052: a machine that registers is where the name leads', () => {
    const { resources } = loadResources([join(examples, 'mesh.yaml'), join(examples, 'virtual-machines')]);
    const { mesh, views } = createMesh();
    addResources(mesh, resources);
    const nodeOf = (name: string, ip: string): Proxy =>
      parseNode({ id: `sidecar~${ip}~${name}.app~app.svc.cluster.local`, metadata: { NAMESPACE: 'app', LABELS: {} } });
    const group = mesh.rows.of('WorkloadGroup').get('app/depot');
    if (group === undefined) throw new Error('no WorkloadGroup app/depot');
    const client = nodeOf('client', '10.0.0.4');
    mesh.graph.transaction(() => {
      mesh.rows.proxies.set(client);
      mesh.rows.of('WorkloadEntry').set(registeredEntry(group, nodeOf('depot-1', '10.0.0.21'), new Date(0)));
    });
    const served = JSON.stringify(dumpConfig(views, client.key).endpoints);
    expect(served).toContain('{"address":"10.0.0.21","portValue":8080}');
  });

  test('each file is played by a scenario with real Envoys', () => {
    const played = new Set(
      globSync('e2e/scenarios/guide-*.yaml', { cwd: root }).flatMap(
        (file) => (parse(readFileSync(join(root, file), 'utf8')) as { files?: readonly string[] }).files ?? [],
      ),
    );
    // Registration takes an Envoy that joins on its way: e2e/workloads.e2e.ts. Several clusters are more pods: e2e/clusters.e2e.ts.
    const own = guides.filter((guide) => guide !== 'virtual-machines' && guide !== 'several-clusters');
    expect(own.flatMap(filesOf).filter((file) => !played.has(file))).toEqual([]);
    const runs = readFileSync(join(root, 'e2e/guides.e2e.ts'), 'utf8');
    expect(guides.flatMap(scriptsOf).filter((file) => !runs.includes(`'${file.replace('examples/guides/', '')}'`))).toEqual([]);
  });
});
