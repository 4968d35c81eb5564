/** `mizzen validate PATH…`: what is wrong with files, as a compiler would say it. */
import type { Command } from 'commander';
import { formatProblem } from '../api/problem.js';
import type { RemoteCluster } from '../sources/remote-cluster.js';
import { CliError } from './cli-error.js';
import { clusterOption, loadClusters, remoteClusterOption } from './clusters.js';

interface Options {
  cluster: string;
  remoteCluster: readonly RemoteCluster[];
  json?: boolean;
}

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check files and folders of mesh configuration; prints file:line:column for each problem')
    .argument('<path...>', 'YAML or JSON files, or folders of them')
    .addOption(clusterOption())
    .addOption(remoteClusterOption())
    .option('--json', 'print problems as JSON')
    .action((paths: string[], options: Options) => {
      const { resources, problems } = loadClusters(paths, options);
      const errors = problems.filter((problem) => problem.severity === 'error').length;
      if (options.json === true) console.log(JSON.stringify({ resources: resources.length, problems }, undefined, 2));
      else {
        for (const problem of problems) console.log(formatProblem(problem));
        console.log(`${resources.length} resources, ${errors} errors, ${problems.length - errors} warnings`);
      }
      if (errors > 0) throw new CliError(`${errors} error${errors === 1 ? '' : 's'} found`);
    });
}
