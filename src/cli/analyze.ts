/** `mizzen analyze PATH…`: what is wrong with files, each by itself and all together, as a compiler would say it. */
import { type Command, Option } from 'commander';
import { type Finding, formatFinding, inOrder } from '../analysis/finding.js';
import { defineAnalysis } from '../analysis/index.js';
import type { AnyRow } from '../api/kinds.js';
import { formatProblem, type Problem } from '../api/problem.js';
import type { HostOwnershipOptions } from '../server/host-owners.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { fieldLocator } from '../sources/field-location.js';
import { loadMeshConfig } from '../sources/load.js';
import type { RemoteCluster } from '../sources/remote-cluster.js';
import { CliError } from './cli-error.js';
import { clusterOption, loadClusters, remoteClusterOption } from './clusters.js';
import { addHostOwnership, settingsOf } from './host-ownership.js';

interface Options extends HostOwnershipOptions {
  cluster: string;
  remoteCluster: readonly RemoteCluster[];
  meshConfig?: string;
  json?: boolean;
  failOn: 'warning' | 'error';
}

/** One line of the report, whoever found it. */
interface Told extends Pick<Problem, 'code' | 'message' | 'field' | 'location' | 'resource'>, Partial<Pick<Finding, 'winner' | 'loser' | 'related'>> {
  readonly severity: Finding['severity'];
  readonly text: string;
}

export function addAnalyze(program: Command): void {
  const command = program
    .command('analyze')
    .description('check mesh configuration as a whole: conflicts, names that lead nowhere, routes that nothing reaches; includes validate')
    .argument('<path...>', 'YAML or JSON files, or folders of them')
    .addOption(clusterOption())
    .addOption(remoteClusterOption())
    .option('--mesh-config <file>', 'MeshConfig as YAML')
    .option('--json', 'print findings as JSON')
    .addOption(new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices(['warning', 'error']).default('error'));
  addHostOwnership(command).action(analyze);
}

function analyze(paths: string[], options: Options): void {
  const { resources, problems } = loadClusters(paths, options);
  const settings = options.meshConfig === undefined ? { rows: [], problems: [] } : loadMeshConfig(options.meshConfig);
  const { mesh } = createMesh({ ...settingsOf(options), clusterId: options.cluster });
  addResources(mesh, [...resources, ...settings.rows] as AnyRow[]);
  const findings = defineAnalysis(mesh).findings(fieldLocator());
  const alone = [...settings.problems, ...problems.filter((problem) => !isToldBetter(problem, findings))];
  const all: readonly Told[] = [...alone.map(ofProblem), ...findings.map((finding) => ({ ...finding, text: formatFinding(finding) }))].sort(inOrder);
  const count = (severity: Told['severity']): number => all.filter((one) => one.severity === severity).length;
  const summary = { resources: resources.length, errors: count('error'), warnings: count('warning'), infos: count('info') };
  if (options.json === true) console.log(JSON.stringify({ summary, findings: all }, undefined, 2));
  else {
    for (const { text } of all) console.log(text);
    console.log(`${summary.resources} resources, ${summary.errors} errors, ${summary.warnings} warnings, ${summary.infos} hints`);
  }
  const failures = summary.errors + (options.failOn === 'warning' ? summary.warnings : 0);
  if (failures > 0) throw new CliError(`${failures} ${options.failOn === 'warning' ? 'problem' : 'error'}${failures === 1 ? '' : 's'} found`);
}

/** Validation warns of unreachable routes too, without saying which one is before them. */
function isToldBetter({ severity, resource, field = '' }: Problem, findings: readonly Finding[]): boolean {
  return (
    severity === 'warning' &&
    /^spec\.(http|tcp)\[\d+\](\.match\[\d+\])?$/.test(field) &&
    findings.some(
      (finding) =>
        finding.code.endsWith('-route') &&
        finding.field?.startsWith(field) === true &&
        finding.resource.kind === resource?.kind &&
        finding.resource.namespace === resource.namespace &&
        finding.resource.name === resource.name,
    )
  );
}

function ofProblem(problem: Problem): Told {
  const { path: _, ...told } = problem;
  return { ...told, text: `${formatProblem(problem)} [${problem.code}]` };
}
