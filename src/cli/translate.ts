/** `mizzen translate`: files and descriptions of proxies → what each proxy would be served, on the server's own code path. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { parse } from 'yaml';
import type { AnyRow } from '../api/kinds.js';
import { formatProblem } from '../api/problem.js';
import { MCS_PARTS, type McsPart } from '../model/multi-cluster-services.js';
import { type NodeDescription, NodeError, parseNode } from '../model/proxy-node.js';
import { dumpConfig } from '../server/config-dump.js';
import type { HostOwnershipOptions } from '../server/host-owners.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { loadMeshConfig } from '../sources/load.js';
import type { RemoteCluster } from '../sources/remote-cluster.js';
import { CliError } from './cli-error.js';
import { clusterOption, loadClusters, remoteClusterOption } from './clusters.js';
import { addHostOwnership, settingsOf } from './host-ownership.js';

interface Options extends HostOwnershipOptions {
  config: string[];
  cluster: string;
  remoteCluster: readonly RemoteCluster[];
  mcs?: readonly McsPart[];
  meshConfig?: string;
  proxies: string;
  output: string;
  origins?: boolean;
  strict?: boolean;
}

export function addTranslate(program: Command): void {
  const command = program
    .command('translate')
    .description('write the Envoy configuration of described proxies as JSON, without a server')
    .requiredOption('--config <path...>', 'files or folders of mesh configuration')
    .addOption(clusterOption())
    .addOption(remoteClusterOption())
    .addOption(new Option('--mcs <part...>', 'as of serve').choices(MCS_PARTS))
    .option('--mesh-config <file>', 'MeshConfig as YAML')
    .requiredOption('--proxies <file>', 'YAML list of {name, id, metadata, locality}')
    .requiredOption('--output <dir>', 'folder for NAME.json')
    .option('--origins', 'list for each resource the rows that it was computed from')
    .option('--strict', 'fail when the configuration has errors');
  addHostOwnership(command).action(translate);
}

function translate(options: Options): void {
  const { resources, problems } = loadClusters(options.config, options);
  const settings = options.meshConfig === undefined ? { rows: [], problems: [] } : loadMeshConfig(options.meshConfig);
  for (const problem of [...settings.problems, ...problems]) console.error(formatProblem(problem));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  if (options.strict === true && errors > 0) throw new CliError(`${errors} errors in the configuration`);
  const { mesh, views } = createMesh({ ...settingsOf(options), clusterId: options.cluster, mcs: options.mcs ?? [] });
  addResources(mesh, [...resources, ...settings.rows] as AnyRow[]);
  mkdirSync(options.output, { recursive: true });
  for (const { name, ...node } of readProxies(options.proxies)) {
    const proxy = parseProxy(name, node);
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    const dump = dumpConfig(views, proxy.key, { origins: options.origins === true });
    writeFileSync(join(options.output, `${name}.json`), `${JSON.stringify(dump, undefined, 2)}\n`);
  }
}

function parseProxy(name: string, node: NodeDescription): ReturnType<typeof parseNode> {
  try {
    return parseNode(node);
  } catch (error) {
    if (error instanceof NodeError) throw new CliError(`proxy ${name}: ${error.message}`);
    throw error;
  }
}

function readProxies(file: string): readonly ({ name: string } & NodeDescription)[] {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CliError(`cannot read proxies from ${file}: ${(error as Error).message}`);
  }
  if (!Array.isArray(value)) throw new CliError(`${file}: expected a list of proxies`);
  value.forEach((entry: { name?: unknown; id?: unknown } | null, i) => {
    if (typeof entry?.name !== 'string' || typeof entry.id !== 'string') throw new CliError(`${file}: entry ${i + 1} needs a name and an id`);
    if (!/^[\w.-]+$/.test(entry.name))
      throw new CliError(`${file}: name ${JSON.stringify(entry.name)} must be letters, digits, '.', '_' or '-' (it names a file)`);
  });
  return value as ({ name: string } & NodeDescription)[];
}
